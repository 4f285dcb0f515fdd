use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use http_body_util::Full;
use hyper::{Request, StatusCode};

use super::key_set::{Document, KeySet};
use crate::http_client::{Endpoint, HttpClient};
use crate::store::StoreError;

/// A longer key set is none.
const LONGEST: usize = 1024 * 1024;

/// Where the keys come from.
pub(super) enum Source {
    File(PathBuf),
    Url(Box<HttpClient>, Endpoint),
}

impl Source {
    pub(super) async fn read(&self) -> Result<KeySet, StoreError> {
        let document = match self {
            Self::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || read(&path)).await.map_err(StoreError::new)??
            }
            Self::Url(client, endpoint) => fetch(client, endpoint).await?,
        };
        KeySet::decode(document)
    }
}

fn read(path: &Path) -> Result<Document, StoreError> {
    let failed = |problem: &dyn std::fmt::Display| StoreError::new(format!("{}: {problem}", path.display()));
    let mut text = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut text).map_err(|error| failed(&error))?;
    if text.len() > LONGEST {
        return Err(failed(&"longer than any key set"));
    }
    // The library's texts may quote the file, in which might be private keys.
    serde_json::from_slice(&text).map_err(|_| failed(&"no JWK set"))
}

async fn fetch(client: &HttpClient, endpoint: &Endpoint) -> Result<Document, StoreError> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = endpoint.uri().clone();
    let answer = client.send(request, LONGEST).await?;
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    answer.json()
}
