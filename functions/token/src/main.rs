//! The `token` function's entry point.

use std::sync::Arc;

use dynabind::App;
use dynabind::http::{self, RuntimeError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let app = Arc::new(App::from_env());
    app.warm_up().await;
    http::run(move |request| {
        let app = Arc::clone(&app);
        async move { token_function::handle(&app, request).await }
    })
    .await
}
