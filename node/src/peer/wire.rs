//! Between the types of this module and those of `smsgrid.internal.v1`.

use std::time::Duration;

use bytes::Bytes;
use smsgrid::model::{MessageId, Name, NodeId};
use smsgrid_proto::internal as proto;
use smsgrid_proto::internal::renew_reply::Renewal as Oneof;

use super::served::{Forming, Founder, HistoryPage, Renewal, Stage, Standing};
use crate::identity::ClusterId;

/// A message that breaks the rules of its format, and the field that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{0}` is missing or malformed")]
pub(super) struct Malformed(pub(super) &'static str);

pub(super) fn renewal_to_wire(renewal: Renewal) -> proto::RenewReply {
    let renewal = match renewal {
        Renewal::Renewed { length } => {
            let length = length.unwrap_or_default().as_millis();
            Oneof::Renewed(proto::Renewed { length_ms: u32::try_from(length).unwrap_or(u32::MAX) })
        }
        Renewal::Ended => Oneof::Ended(proto::Ended {}),
        Renewal::NotLeader { leader } => {
            Oneof::NotLeader(proto::NotLeader { leader: leader.unwrap_or_default().0 })
        }
    };
    proto::RenewReply { renewal: Some(renewal) }
}

pub(super) fn renewal_from_wire(reply: proto::RenewReply) -> Result<Renewal, Malformed> {
    match reply.renewal.ok_or(Malformed("renewal"))? {
        Oneof::Renewed(proto::Renewed { length_ms }) => {
            let length = Duration::from_millis(u64::from(length_ms));
            Ok(Renewal::Renewed { length: (!length.is_zero()).then_some(length) })
        }
        Oneof::Ended(proto::Ended {}) => Ok(Renewal::Ended),
        Oneof::NotLeader(proto::NotLeader { leader }) => {
            Ok(Renewal::NotLeader { leader: (leader > 0).then_some(NodeId(leader)) })
        }
    }
}

pub(super) fn after_to_wire(after: Option<MessageId>) -> Bytes {
    after.map(|id| Bytes::copy_from_slice(&id.to_bytes())).unwrap_or_default()
}

pub(super) fn after_from_wire(after: &Bytes) -> Result<Option<MessageId>, Malformed> {
    if after.is_empty() {
        return Ok(None);
    }
    let octets: [u8; 16] = after.as_ref().try_into().map_err(|_| Malformed("after"))?;
    Ok(Some(MessageId::from_bytes(octets)))
}

/// The page, ended early where it would grow past `octets_max`; one row always goes.
pub(super) fn page_to_wire(page: HistoryPage, octets_max: usize) -> proto::HistoryReply {
    let found = page.rows.len();
    let mut octets = 0;
    let mut rows = Vec::new();
    for row in page.rows {
        octets += row.len();
        if octets > octets_max && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    let more = page.more || rows.len() < found;
    proto::HistoryReply { rows, more }
}

pub(super) fn founder_to_wire(founder: &Founder) -> proto::Founder {
    proto::Founder {
        name: founder.name.to_string(),
        cluster_name: founder.cluster_name.to_string(),
        members: Bytes::copy_from_slice(&founder.members),
    }
}

pub(super) fn founder_from_wire(founder: Option<proto::Founder>) -> Result<Founder, Malformed> {
    let founder = founder.ok_or(Malformed("from"))?;
    let name = |text: &str, field| Name::new(text).map_err(|_| Malformed(field));
    Ok(Founder {
        name: name(&founder.name, "from.name")?,
        cluster_name: name(&founder.cluster_name, "from.cluster_name")?,
        members: founder.members.as_ref().try_into().map_err(|_| Malformed("from.members"))?,
    })
}

pub(super) fn cluster_to_wire(cluster: ClusterId) -> Bytes {
    Bytes::copy_from_slice(&cluster.octets())
}

pub(super) fn cluster_from_wire(cluster: &Bytes) -> Result<ClusterId, Malformed> {
    cluster.as_ref().try_into().map(ClusterId::from_octets).map_err(|_| Malformed("cluster"))
}

pub(super) fn standing_to_wire(standing: &Standing) -> proto::ProbeReply {
    let (stage, cluster) = match standing.stage {
        Stage::Empty => (proto::Stage::Empty, None),
        Stage::Forming(cluster) => (proto::Stage::Forming, Some(cluster)),
        Stage::Formed(cluster) => (proto::Stage::Formed, Some(cluster)),
    };
    proto::ProbeReply {
        from: Some(founder_to_wire(&standing.from)),
        stage: stage.into(),
        cluster: cluster.map(cluster_to_wire).unwrap_or_default(),
        knows_caller: standing.knows_caller,
        life: standing.life,
    }
}

pub(super) fn standing_from_wire(reply: proto::ProbeReply) -> Result<Standing, Malformed> {
    let cluster = || cluster_from_wire(&reply.cluster);
    let stage = match reply.stage() {
        proto::Stage::Unspecified => return Err(Malformed("stage")),
        proto::Stage::Empty => Stage::Empty,
        proto::Stage::Forming => Stage::Forming(cluster()?),
        proto::Stage::Formed => Stage::Formed(cluster()?),
    };
    let (knows_caller, life) = (reply.knows_caller, reply.life);
    Ok(Standing { from: founder_from_wire(reply.from)?, stage, knows_caller, life })
}

pub(super) fn forming_from_wire(request: proto::FormRequest) -> Result<Forming, Malformed> {
    Ok(Forming {
        from: founder_from_wire(request.from)?,
        to: request.to,
        cluster: cluster_from_wire(&request.cluster)?,
        life: request.life,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn founder() -> Founder {
        let name = |text| Name::new(text).expect("a name");
        Founder { name: name("gw-a"), cluster_name: name("prod-sms"), members: [7; 32] }
    }

    #[test]
    fn what_is_said_is_what_is_heard() {
        let cluster = ClusterId::draw();

        for stage in [Stage::Empty, Stage::Forming(cluster), Stage::Formed(cluster)] {
            let knows_caller = stage != Stage::Empty;
            let standing = Standing { from: founder(), stage, knows_caller, life: 1 << 63 };
            assert_eq!(standing_from_wire(standing_to_wire(&standing)), Ok(standing));
        }
        for renewal in [
            Renewal::Renewed { length: None },
            Renewal::Renewed { length: Some(Duration::from_millis(2500)) },
            Renewal::Ended,
            Renewal::NotLeader { leader: None },
            Renewal::NotLeader { leader: Some(NodeId(3)) },
        ] {
            assert_eq!(renewal_from_wire(renewal_to_wire(renewal)), Ok(renewal));
        }
        for after in [None, Some(MessageId::from_bytes([9; 16]))] {
            assert_eq!(after_from_wire(&after_to_wire(after)), Ok(after));
        }
    }

    #[test]
    fn what_breaks_the_format_is_named() {
        let whole = standing_to_wire(&Standing {
            from: founder(),
            stage: Stage::Formed(ClusterId::draw()),
            knows_caller: true,
            life: 1,
        });
        let broken = |break_it: fn(&mut proto::ProbeReply)| {
            let mut reply = whole.clone();
            break_it(&mut reply);
            standing_from_wire(reply).expect_err("it is broken").0
        };

        assert_eq!(broken(|reply| reply.stage = 0), "stage");
        assert_eq!(broken(|reply| reply.stage = 77), "stage");
        assert_eq!(broken(|reply| reply.cluster = Bytes::from_static(b"short")), "cluster");
        assert_eq!(broken(|reply| reply.from = None), "from");
        let founder = |break_it: fn(&mut proto::Founder)| {
            let mut wire = founder_to_wire(&founder());
            break_it(&mut wire);
            founder_from_wire(Some(wire)).expect_err("it is broken").0
        };
        assert_eq!(founder(|from| from.name = "a b".to_owned()), "from.name");
        assert_eq!(founder(|from| from.cluster_name.clear()), "from.cluster_name");
        assert_eq!(founder(|from| from.members.clear()), "from.members");
        assert_eq!(after_from_wire(&Bytes::from_static(b"17 octets is long")), Err(Malformed("after")));
        assert_eq!(renewal_from_wire(proto::RenewReply { renewal: None }), Err(Malformed("renewal")));
    }

    #[test]
    fn a_page_ends_before_it_grows_too_large_but_holds_a_row() {
        let page = |rows: usize| HistoryPage { rows: vec![Bytes::from(vec![0; 10]); rows], more: false };
        let cut = |rows, octets_max| {
            let reply = page_to_wire(page(rows), octets_max);
            (reply.rows.len(), reply.more)
        };

        assert_eq!(cut(3, 30), (3, false));
        assert_eq!(cut(3, 29), (2, true));
        assert_eq!(cut(3, 1), (1, true));
        assert_eq!(cut(0, 1), (0, false));
    }
}
