//! The token store of `template.yaml`.

use serde_json::json;

use super::{TEMPLATE, global};

#[test]
fn the_token_store_is_optional_and_keeps_nothing() {
    assert_eq!(TEMPLATE["Parameters"]["TokenStore"]["Default"], "off");
    let variable = &global("Environment")["Variables"]["DYNABIND_TOKEN_STORE"]["Fn::If"];
    assert_eq!(variable, &json!(["HasTokenStore", { "Fn::Sub": "dynamodb:${TokenTable}" }, ""]));
    let table = &TEMPLATE["Resources"]["TokenTable"];
    assert_eq!(table["Condition"], "HasTokenStore");
    assert_eq!([&table["DeletionPolicy"], &table["UpdateReplacePolicy"]], ["Delete", "Delete"]);
    let properties = &table["Properties"];
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(properties["KeySchema"], json!([{ "AttributeName": "pk", "KeyType": "HASH" }]));
    assert_eq!(properties["TimeToLiveSpecification"], json!({ "AttributeName": "expires_at", "Enabled": true }));
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], false);
    for kept in
        ["StreamSpecification", "KinesisStreamSpecification", "GlobalSecondaryIndexes", "ImportSourceSpecification"]
    {
        assert!(properties[kept].is_null(), "{kept} would give others access to tokens");
    }
    let encryption = &properties["SSESpecification"]["Fn::If"];
    assert_eq!((&encryption[0], &encryption[2]), (&json!("HasTokenStoreKmsKey"), &json!({ "SSEEnabled": true })));
    assert_eq!(encryption[1]["KMSMasterKeyId"]["Ref"], "TokenStoreKmsKeyArn");
}

#[test]
fn the_token_store_is_used_through_two_operations_on_one_table() {
    let policy = &TEMPLATE["Resources"]["UseTokenStorePolicy"]["Properties"]["PolicyDocument"]["Statement"];
    assert_eq!(policy[0]["Action"], json!(["dynamodb:GetItem", "dynamodb:PutItem"]));
    assert_eq!(policy[0]["Resource"]["Fn::GetAtt"], json!(["TokenTable", "Arn"]));
    let key = &policy[1]["Fn::If"];
    assert_eq!((&key[0], &key[1]["Action"]), (&json!("HasTokenStoreKmsKey"), &json!("kms:Decrypt")));
    let via = &key[1]["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"];
    assert!(via.as_str().unwrap().starts_with("dynamodb."), "{via}");
}
