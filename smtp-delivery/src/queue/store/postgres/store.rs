use std::sync::Arc;
use std::time::SystemTime;

use smtp_core::{Body, BoxFuture, Secret};
use tokio::sync::watch;
use tokio_postgres::NoTls;

use super::connection::{self, PostgresTls};
use super::node::Node;
use super::talk::Talk;
use super::{PostgresOptions, schema};
use crate::TraceId;
use crate::queue::JobKey;
use crate::queue::StoreError;
use crate::queue::store::{
    LeaseRequest, Leased, Listed, NewMessage, Selection, Settlement, Store, StoreFuture, Usage, Waiting,
};

/// A queue in PostgreSQL. Cheap to clone. See the [module](super).
///
/// Where it is dropped, or better [closed](Self::close), other nodes have at once what it had.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    node: Arc<Node>,
    open: Arc<watch::Sender<bool>>,
}

impl PostgresStore {
    /// Joins the queue in a database on this host, or behind a network that is [trusted]: its address has
    /// the form of libpq, as a URL (`postgres://smtpd:password@localhost/mail`) or in words
    /// (`host=/run/postgresql dbname=mail`). The tables are made if there are none.
    ///
    /// [trusted]: PostgresOptions::without_tls
    ///
    /// # Errors
    /// If the address is none, the server elsewhere, or it cannot be asked; if the tables are of a later
    /// version than this.
    pub async fn connect(address: impl Into<Secret>, options: PostgresOptions) -> Result<Self, StoreError> {
        Self::begin(&address.into(), NoTls, false, options).await
    }

    /// Joins the queue in a database anywhere, by TLS, which this connector has to verify. To this host it
    /// is used where the address has `sslmode=require`.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn connect_with_tls(
        address: impl Into<Secret>,
        tls: impl PostgresTls,
        options: PostgresOptions,
    ) -> Result<Self, StoreError> {
        Self::begin(&address.into(), tls, true, options).await
    }

    async fn begin(
        address: &Secret,
        tls: impl PostgresTls,
        has_tls: bool,
        options: PostgresOptions,
    ) -> Result<Self, StoreError> {
        if !schema::is_name(&options.schema) {
            return Err(StoreError::other("the name of a schema is made of small letters, digits and _"));
        }
        let config = connection::config(address, has_tls, &options)?;
        let pool = connection::pool(config.clone(), tls.clone(), &options)?;
        let (open, closed) = watch::channel(false);
        let node = Arc::new(Node::new(pool, options));
        Talk::begin(node.clone(), connection::connect(config, tls), closed).await?;
        Ok(Self { node, open: Arc::new(open) })
    }

    /// What this node is called.
    pub fn node(&self) -> &str {
        self.node.name()
    }

    /// Leaves the queue to the other nodes: the last thing to do, when the worker has ended. Waits until
    /// they know.
    pub async fn close(&self) {
        self.open.send_replace(true);
        self.open.closed().await;
    }

    fn with_node<T, F>(&self, work: impl FnOnce(Arc<Node>) -> F) -> StoreFuture<T>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        Box::pin(work(self.node.clone()))
    }
}

impl Store for PostgresStore {
    fn insert(&self, message: NewMessage, content: Body) -> StoreFuture<u64> {
        self.with_node(|node| async move { node.insert(message, content).await })
    }

    fn release_all(&self) -> StoreFuture<()> {
        self.with_node(|node| async move { node.release_all().await })
    }

    fn usage(&self) -> Usage {
        self.node.counted.get()
    }

    fn destinations(&self) -> StoreFuture<Vec<Waiting>> {
        self.with_node(|node| async move { node.destinations().await })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<Leased> {
        self.with_node(|node| async move { node.lease(request).await })
    }

    /// For how long is what was asked for with the lease.
    fn renew(&self, jobs: Vec<JobKey>, _: SystemTime) -> StoreFuture<()> {
        self.node.held.renew(&jobs);
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        self.with_node(|node| async move { node.settle(settlement).await })
    }

    fn content(&self, id: TraceId) -> StoreFuture<Body> {
        self.with_node(|node| node.content(id))
    }

    fn changed(&self) -> BoxFuture<Option<Vec<Waiting>>> {
        let node = self.node.clone();
        Box::pin(async move { node.heard.take().await })
    }

    fn list(&self, after: Option<TraceId>, max: usize) -> StoreFuture<Vec<Listed>> {
        self.with_node(move |node| async move { node.list(after, max).await })
    }

    fn find(&self, id: TraceId) -> StoreFuture<Option<Listed>> {
        self.with_node(move |node| async move { node.find(id).await })
    }

    fn hold(&self, jobs: Selection, held: bool) -> StoreFuture<Vec<Arc<str>>> {
        self.with_node(move |node| async move { node.hold(jobs, held).await })
    }

    fn expedite(&self, jobs: Selection, due: SystemTime) -> StoreFuture<Vec<Arc<str>>> {
        self.with_node(move |node| async move { node.expedite(jobs, due).await })
    }

    fn remove(&self, id: TraceId) -> StoreFuture<bool> {
        self.with_node(move |node| async move { node.remove(id).await })
    }
}
