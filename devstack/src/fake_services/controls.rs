//! Changes that a test or the control API makes in the upstreams: secrets, tokens, times.

use std::time::Duration;

use serde_json::json;

use super::{FakeServices, credentials, fresh_secret, trusting};
use crate::entra::FederatedCredential;

impl FakeServices {
    /// Gives the app another client secret, in Entra and in Secrets Manager at once.
    pub fn rotate_secret(&self) {
        let secret = fresh_secret();
        self.replace_client_secret(&secret);
        self.store_secret(credentials(self.fake_tenant(), &secret));
    }

    /// Gives the app another client secret in Entra only.
    pub fn replace_client_secret(&self, secret: &str) {
        self.0.entra.what.replace_secret(secret);
    }

    /// Expires every client secret of the app.
    pub fn expire_client_secrets(&self) {
        self.0.entra.what.expire_secrets();
    }

    /// Gives the app an additional client secret in Entra.
    pub fn add_client_secret(&self, secret: &str) {
        self.0.entra.what.add_secret(secret);
    }

    /// Makes any text the current value in Secrets Manager only.
    pub fn store_secret(&self, value: impl Into<String>) {
        self.0.secrets.what.rotate(value.into());
    }

    /// Stores credentials with the app's certificate instead of a client secret.
    pub fn store_certificate(&self) {
        let credentials = json!({
            "tenantId": self.fake_tenant().directory_id,
            "clientId": self.fake_tenant().client_id,
            "certificate": self.0.certificate_pem,
            "privateKey": self.0.certificate_key.pem(),
        });
        self.store_secret(credentials.to_string());
    }

    /// The current value in Secrets Manager.
    #[must_use]
    pub fn stored_secret(&self) -> String {
        self.0.secrets.what.current()
    }

    /// The federated credential of the app, which trusts the one role of STS.
    #[must_use]
    pub fn federated_credential(&self) -> FederatedCredential {
        trusting(&self.0.sts.what)
    }

    /// Makes these the app's only federated credentials.
    pub fn replace_federated_credentials(&self, credentials: Vec<FederatedCredential>) {
        self.0.entra.what.replace_federated(credentials);
    }

    /// Switches outbound web identity federation of the AWS account on or off.
    pub fn enable_outbound_federation(&self, enabled: bool) {
        self.0.sts.what.enable(enabled);
    }

    /// Ends the session of the AWS credentials that the functions have.
    pub fn expire_aws_credentials(&self) {
        self.0.sts.what.expire_access_key();
    }

    /// Sets the lifetime of the access tokens that Entra issues from now on.
    pub fn set_access_token_life(&self, life: Duration) {
        self.0.entra.what.set_token_life(life);
    }

    /// Makes Power BI refuse every access token so far, as it refuses any JWT that it does not accept.
    pub fn revoke_access_tokens(&self) {
        self.0.ledger.revoke_access();
    }

    /// Expires every access token so far.
    pub fn expire_access_tokens(&self) {
        self.0.ledger.expire_access(self.0.time.now());
    }

    /// Expires every embed token so far.
    pub fn expire_embed_tokens(&self) {
        self.0.ledger.expire_embed(self.0.time.now());
    }

    /// What an embed token opens, in the form for the demo page; `None` for any other text.
    #[must_use]
    pub fn embed_token(&self, token: &str) -> Option<serde_json::Value> {
        self.0.ledger.embed(token).map(|token| crate::embed::described(&token))
    }

    /// Sets how long Fabric takes to make a definition; zero answers at once.
    pub fn set_definition_time(&self, time: Duration) {
        self.0.fabric.what.set_definition_time(time);
    }
}
