//! `smsgrid.v1.ClusterService`.

use std::collections::BTreeSet;
use std::sync::Arc;

use smsgrid_proto::v1;
use smsgrid_proto::v1::cluster_service_server::ClusterService;
use tonic::{Request, Response, Status};

use super::Api;
use super::events::{ClusterInterest, Teller};
use super::limits::FILTER_MAX;
use super::metrics::Method;
use super::refusal::Refusal;
use super::request::known;
use super::watch::Watching;

/// The cluster as a whole.
pub(super) struct Clusters(pub(super) Arc<Api>);

#[tonic::async_trait]
impl ClusterService for Clusters {
    async fn status(
        &self,
        request: Request<v1::StatusRequest>,
    ) -> Result<Response<v1::StatusResponse>, Status> {
        self.0.answer(Method::Status, self.0.status(request.get_ref())).await
    }

    type WatchStream = Watching;

    async fn watch(&self, request: Request<v1::WatchClusterRequest>) -> Result<Response<Watching>, Status> {
        let request = request.get_ref();
        let work = async {
            if request.kinds.len() > FILTER_MAX {
                return Err(Refusal::field("kinds", format!("holds more than {FILTER_MAX} kinds")));
            }
            let kinds = request.kinds.iter().enumerate();
            let kinds: Result<BTreeSet<v1::EventKind>, Refusal> =
                kinds.map(|(index, kind)| known(*kind, &format!("kinds[{index}]"))).collect();
            let interest = ClusterInterest { teller: Teller::new(&self.0), kinds: kinds? };
            self.0.watch(&request.from_revision, interest)
        };
        self.0.answer(Method::WatchCluster, work).await
    }

    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        let work = async {
            let fresh = self.0.fresh(request.get_ref().read.as_ref()).await?;
            let (nodes, revision) = self.0.nodes();
            let freshness = Some(self.0.freshness(&fresh, revision));
            Ok(v1::ListNodesResponse { nodes, freshness })
        };
        self.0.answer(Method::ListNodes, work).await
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        let request = request.get_ref();
        let work = async {
            let name = super::request::name(&request.name, "name")?;
            let fresh = self.0.fresh(request.read.as_ref()).await?;
            let (nodes, revision) = self.0.nodes();
            let node = nodes.into_iter().find(|node| node.name == name.as_str());
            let node =
                node.ok_or_else(|| Refusal::not_found(format!("there is no node {name}")).at("name"))?;
            let freshness = Some(self.0.freshness(&fresh, revision));
            Ok(v1::GetNodeResponse { node: Some(node), freshness })
        };
        self.0.answer(Method::GetNode, work).await
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Result<Response<v1::ListMembersResponse>, Status> {
        self.0.answer(Method::ListMembers, self.0.list_members(request.get_ref())).await
    }
}
