//! `smsgrid.v1.ModemService`.

use std::collections::BTreeSet;
use std::sync::Arc;

use smsgrid::model::Name;
use smsgrid_proto::v1;
use smsgrid_proto::v1::modem_service_server::ModemService;
use tonic::{Request, Response, Status};

use super::Api;
use super::events::{ModemInterest, Teller};
use super::limits::WATCHED_MAX;
use super::metrics::Method;
use super::refusal::Refusal;
use super::request::name;
use super::watch::Watching;

/// The modems of all nodes.
pub(super) struct Modems(pub(super) Arc<Api>);

impl Modems {
    async fn list(&self, request: &v1::ListModemsRequest) -> Result<v1::ListModemsResponse, Refusal> {
        let fresh = self.0.fresh(request.read.as_ref()).await?;
        let names = self.0.names();
        let (modems, revision) = self.0.view.read_at(|queue| self.0.all_modems(queue, &names));
        Ok(v1::ListModemsResponse { modems, freshness: Some(self.0.freshness(&fresh, revision)) })
    }

    /// Blocks a modem or takes the block away; gives the modem if there is one of that name.
    async fn block(&self, modem: &str, is_blocked: bool) -> Result<(Option<v1::Modem>, String), Refusal> {
        let modem = name(modem, "name")?;
        let names = self.0.names();
        let find = |modem: &Name| {
            let all = self.0.view.read(|queue| self.0.all_modems(queue, &names));
            all.into_iter().find(|known| known.name == modem.as_str())
        };
        let revision = self.0.block(modem.clone(), is_blocked).await?;
        Ok((find(&modem), revision))
    }
}

#[tonic::async_trait]
impl ModemService for Modems {
    async fn list(
        &self,
        request: Request<v1::ListModemsRequest>,
    ) -> Result<Response<v1::ListModemsResponse>, Status> {
        self.0.answer(Method::ListModems, Modems::list(self, request.get_ref())).await
    }

    type WatchStream = Watching;

    async fn watch(&self, request: Request<v1::WatchModemsRequest>) -> Result<Response<Watching>, Status> {
        let request = request.get_ref();
        let work = async {
            if request.names.len() > WATCHED_MAX {
                return Err(Refusal::field("names", format!("holds more than {WATCHED_MAX} modems")));
            }
            let names = request.names.iter().enumerate();
            let names: Result<BTreeSet<Name>, Refusal> =
                names.map(|(index, modem)| name(modem, &format!("names[{index}]"))).collect();
            let interest = ModemInterest { teller: Teller::new(&self.0), names: names? };
            self.0.watch(&request.from_revision, interest)
        };
        self.0.answer(Method::WatchModems, work).await
    }

    async fn block(
        &self,
        request: Request<v1::BlockModemRequest>,
    ) -> Result<Response<v1::BlockModemResponse>, Status> {
        let work = async {
            let (modem, revision) = Modems::block(self, &request.get_ref().name, true).await?;
            Ok(v1::BlockModemResponse { modem, revision })
        };
        self.0.answer(Method::Block, work).await
    }

    async fn unblock(
        &self,
        request: Request<v1::UnblockModemRequest>,
    ) -> Result<Response<v1::UnblockModemResponse>, Status> {
        let work = async {
            let (modem, revision) = Modems::block(self, &request.get_ref().name, false).await?;
            Ok(v1::UnblockModemResponse { modem, revision })
        };
        self.0.answer(Method::Unblock, work).await
    }
}
