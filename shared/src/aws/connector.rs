//! Our HTTP client, with the interface that the AWS SDK requires.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::upstream::{Http, SendError};

/// Our HTTP client, with the interface that the AWS SDK requires.
#[derive(Clone, Debug)]
pub struct Connector(Http);

impl Connector {
    /// Sends the SDK's requests through `http`.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self(http)
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let reply = http.execute(request.map(|body| bytes_of(&body))).await.map_err(connector_error)?;
            let mut response = http::Response::new(SdkBody::from(reply.body));
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The bytes of a request's body. The SDK has this body in memory for every operation that is used here.
fn bytes_of(body: &SdkBody) -> Vec<u8> {
    body.bytes().unwrap_or_default().to_vec()
}

fn connector_error(fault: SendError) -> ConnectorError {
    match fault {
        SendError::Timeout => ConnectorError::timeout(fault.into()),
        SendError::Connection => ConnectorError::io(fault.into()),
        SendError::TooLarge => ConnectorError::other(fault.into(), None),
    }
}
