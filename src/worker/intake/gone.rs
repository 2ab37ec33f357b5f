//! Files that are nowhere any more when a spool starts: smsd has sent them meanwhile, or somebody removed them. What
//! was accepted of them must not leave once more.

use std::collections::BTreeSet;

use crate::model::MessageId;

use super::{Identity, IntakeId, Pending, Places};

/// The keys of files that are gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    keys: BTreeSet<String>,
}

/// The idempotency key of a file, with which those of its several recipients begin.
pub(super) fn file_key(spool: MessageId, id: IntakeId) -> String {
    format!("spool:{spool}:{id}")
}

impl Gone {
    /// These files of the spool of this number.
    pub fn new(spool: MessageId, files: impl IntoIterator<Item = IntakeId>) -> Gone {
        Gone { keys: files.into_iter().map(|id| file_key(spool, id)).collect() }
    }

    /// Whether no file is gone.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether the message under this key is one of theirs.
    pub fn holds(&self, key: &str) -> bool {
        let of_file = key.match_indices(':').nth(2).and_then(|(end, _)| key.get(..end));
        self.keys.contains(of_file.unwrap_or(key))
    }
}

impl Pending {
    /// Whether the file stands nowhere any more and no result of it was begun.
    pub fn is_gone(&self, places: &Places) -> bool {
        let inode = self.copy.map_or(self.identity.inode, |copy| copy.inode);
        let is_it = |found: Option<Identity>| found.is_some_and(|found| found.inode == inode);
        self.filing.is_none()
            && !is_it(places.checked)
            && places.copied != Some(inode)
            && places.claimed.is_none()
            && places.outgoing != Some(self.identity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Destination, FileName, Filing};
    use super::*;

    fn id(octet: u8) -> IntakeId {
        MessageId::from_bytes([octet; 16])
    }

    #[test]
    fn the_keys_of_all_recipients_of_a_gone_file_are_theirs() {
        let gone = Gone::new(id(1), [id(2)]);
        let key = file_key(id(1), id(2));

        assert!(gone.holds(&key) && gone.holds(&format!("{key}:7")));
        for other in [file_key(id(1), id(3)), file_key(id(3), id(2)), "mine".to_owned(), String::new()] {
            assert!(!gone.holds(&other), "{other}");
        }
        assert!(Gone::default().is_empty() && !gone.is_empty());
    }

    #[test]
    fn a_file_that_stands_anywhere_is_not_gone() {
        let identity = |inode| Identity { inode, size: 0, mtime_ns: 0 };
        let filing = Filing {
            destination: Destination::Sent,
            name: FileName::new(b"a").expect("a name"),
            inode: 9,
            account: Default::default(),
            copy: None,
        };
        let pending = Pending {
            name: FileName::new(b"a").expect("a name"),
            place: FileName::new(b"a").expect("a name"),
            identity: identity(7),
            owner: None,
            copy: None,
            messages: Default::default(),
            recipients: 0,
            filing: None,
        };
        let places = Places::default();

        assert!(pending.is_gone(&places));
        assert!(pending.is_gone(&Places { checked: Some(identity(8)), ..places.clone() }));
        assert!(!pending.is_gone(&Places { checked: Some(identity(7)), ..places.clone() }));
        assert!(!pending.is_gone(&Places { outgoing: Some(identity(7)), ..places.clone() }));
        assert!(!pending.is_gone(&Places { claimed: Some(identity(7)), ..places.clone() }));
        assert!(!Pending { filing: Some(filing), ..pending }.is_gone(&places));
    }
}
