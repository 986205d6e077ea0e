//! The `token` function's entry point.

use dynabind::{App, http};
use lambda_http::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let app = App::from_env();
    http::run(|request| token_function::handle(&app, request)).await
}
