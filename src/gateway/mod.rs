//! The gateway: from a caller's request in its dialect to the upstream's answer and back.
//!
//! [`pipeline`] shows the life of a request from top to bottom; each step is a file of [`steps`]. A request that
//! matches no operation is returned unchanged, and the server passes it through. The gateway does not know sockets, and
//! of a provider it knows only the compiled messages. Start with [`pipeline`].

pub mod arrival;
pub mod client_data;
pub(crate) mod client_key;
pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod documents;
pub(crate) mod fallback;
pub mod handler;
pub(crate) mod id_token;
pub mod limits;
pub(crate) mod pipeline;
pub mod rate_limits;
pub(crate) mod refresh;
pub(crate) mod refuse;
pub mod reload;
pub(crate) mod report;
pub(crate) mod retired_config;
pub mod runtime;
pub(crate) mod shadow;
pub mod steps;
pub mod trace;
pub mod upstream_client;

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::{Response, request};
use http_body::Body;

use crate::features::user_handles::Handles;
use crate::gateway::handler::{Arrival, Content, EdgeRejection, Handler};
use crate::gateway::retired_config::RetiredConfig;
use crate::gateway::runtime::{RunningConfig, Runtime};
use crate::gateway::upstream_client::UpstreamClient;

/// The gateway of one worker thread: the current config, and the retired configs whose ceremonies it still finishes.
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(crate) runtime: Runtime,
    /// The retired configs, newest first.
    pub(crate) retired: Vec<RetiredConfig>,
}

impl Gateway {
    /// A gateway with the clients of the upstreams, in the order of the plan.
    pub fn new(config: Arc<RunningConfig>, clients: Vec<UpstreamClient>) -> Self {
        let runtime = Runtime {
            version: version(0, &config),
            config,
            clients: clients.into(),
            shadow_clients: Arc::default(),
            user_handles: Arc::default(),
            generation: 0,
        };
        Self { runtime, retired: Vec::new() }
    }

    /// The same gateway with clients for the shadows, by the place of the route.
    #[must_use]
    pub fn with_shadow_clients(mut self, clients: BTreeMap<usize, UpstreamClient>) -> Self {
        self.runtime.shadow_clients = clients.into();
        self
    }

    /// The same gateway with the user handles of the upstreams, in the order of the plan.
    #[must_use]
    pub fn with_user_handles(mut self, handles: Arc<[Option<Handles>]>) -> Self {
        self.runtime.user_handles = handles;
        self
    }

    /// The same gateway in the place of another one, whose ceremonies it finishes.
    #[must_use]
    pub fn replacing(mut self, previous: &Self) -> Self {
        self.runtime.generation = previous.runtime.generation + 1;
        self.runtime.version = version(self.runtime.generation, &self.runtime.config);
        self.retired = RetiredConfig::after(&previous.runtime, &previous.retired);
        self
    }
}

fn version(generation: u64, config: &RunningConfig) -> Arc<str> {
    format!("{generation}-{}", config.fingerprint).into()
}

impl Handler for Gateway {
    async fn handle<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        host: Option<&str>,
        content: &mut Content<B>,
    ) -> Option<Response<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        pipeline::run(&self.runtime, &self.retired, head, arrival, host, content).await
    }

    fn reject(&self, head: &request::Parts, arrival: &Arrival, rejection: EdgeRejection) -> Option<Response<Bytes>> {
        refuse::reject(&self.runtime, head, arrival, rejection)
    }
}
