//! The real binaries, as cargo-lambda runs them, against moto's Secrets Manager and the stand-ins.

use acceptance::moto::Moto;
use serde_json::json;

#[test]
fn moto_plays_secrets_manager() {
    let moto = Moto::start();
    let first = json!({ "clientSecret": "one" });
    let arn = moto.create_secret("dynabind/service-principal", &first);
    assert_eq!(moto.secret_value(&arn), first);
    let second = json!({ "clientSecret": "two" });
    moto.put_secret_value(&arn, &second);
    assert_eq!(moto.secret_value(&arn), second);
}
