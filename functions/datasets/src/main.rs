//! The `datasets` function's entry point.

use dynabind::App;
use lambda_http::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = &App::from_env();
    run(service_fn(async |request| Ok::<_, Error>(datasets_function::handle(app, request).await))).await
}
