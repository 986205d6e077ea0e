//! The parts of `template.yaml` that a gateway and its functions need.

mod intrinsics;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use self::intrinsics::Resolver;
use crate::error::StartError;

/// The timeout of a function without one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

/// The API and the functions of a template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// The routes, in the template's order.
    pub(crate) routes: Vec<Route>,
    /// The functions that routes lead to, by binary name.
    pub(crate) functions: BTreeMap<String, FunctionSettings>,
    /// Cross-origin settings, if any.
    pub(crate) cors: Option<Cors>,
    /// The default JWT authorizer of the routes.
    pub(crate) authorizer: Option<JwtSettings>,
}

/// One route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Route {
    /// The method in upper case, or `ANY`.
    pub(crate) method: String,
    /// The path, which may have `{parameters}`.
    pub(crate) path: String,
    /// The function's binary.
    pub(crate) function: String,
    /// Whether it uses the authorizer.
    pub(crate) authorized: bool,
}

/// The settings of a function.
#[derive(Clone, Debug)]
pub(crate) struct FunctionSettings {
    /// Environment variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// The timeout.
    pub(crate) timeout: Duration,
}

/// `CorsConfiguration`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    /// Origins, which may include `*`.
    pub(crate) allow_origins: Vec<String>,
    /// Methods.
    pub(crate) allow_methods: Vec<String>,
    /// Request headers.
    pub(crate) allow_headers: Vec<String>,
    /// Response headers.
    pub(crate) expose_headers: Vec<String>,
    /// Seconds for which a preflight answer is valid.
    pub(crate) max_age: Option<u64>,
    /// Whether cookies may be sent.
    pub(crate) allow_credentials: bool,
}

/// `JwtConfiguration`, with the scopes that routes require.
#[derive(Clone, Debug)]
pub(crate) struct JwtSettings {
    /// The issuer, exactly.
    pub(crate) issuer: String,
    /// The audiences; one must match.
    pub(crate) audience: Vec<String>,
    /// The scopes; one must match, unless there are none.
    pub(crate) scopes: Vec<String>,
}

impl Template {
    /// Reads a template file, with values for parameters without a default.
    ///
    /// # Errors
    /// When the file cannot be read, is not YAML, or uses an unsupported feature.
    pub(crate) fn read(path: &Path, parameters: &BTreeMap<String, String>) -> Result<Self, StartError> {
        let fault = |detail: String| StartError::Template { path: path.display().to_string(), detail };
        let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        Self::parse(&text, parameters).map_err(fault)
    }

    fn parse(text: &str, parameters: &BTreeMap<String, String>) -> Result<Self, String> {
        let document = crate::yaml::parse(text)?;
        let resolver = Resolver::new(&document, parameters);
        let api = api_properties(&document, &resolver)?;
        let mut template = Self {
            routes: Vec::new(),
            functions: BTreeMap::new(),
            cors: api.get("CorsConfiguration").map(cors),
            authorizer: authorizer(&api)?,
        };
        let globals = resolved(&resolver, document.pointer("/Globals/Function"))?;
        for (name, resource) in resources(&document, "AWS::Serverless::Function") {
            template
                .add_function(&resolver, &globals, resource)
                .map_err(|detail| format!("Resources/{name}: {detail}"))?;
        }
        Ok(template)
    }

    fn add_function(&mut self, resolver: &Resolver<'_>, globals: &Value, resource: &Value) -> Result<(), String> {
        let properties = resolved(resolver, resource.get("Properties"))?;
        let binary = binary(resource, &properties)
            .ok_or("no Metadata.BuildProperties.Binary and no CodeUri to name its binary")?;
        for event in properties.get("Events").and_then(Value::as_object).into_iter().flat_map(Map::values) {
            if event["Type"] == "HttpApi" {
                self.routes.push(route(&event["Properties"], &binary)?);
            }
        }
        let mut variables = variables(globals);
        variables.extend(self::variables(&properties));
        let timeout = properties.get("Timeout").or(globals.get("Timeout")).and_then(seconds);
        let timeout = timeout.unwrap_or(DEFAULT_TIMEOUT);
        self.functions.insert(binary, FunctionSettings { variables, timeout });
        Ok(())
    }
}

fn resolved(resolver: &Resolver<'_>, value: Option<&Value>) -> Result<Value, String> {
    Ok(value.map(|value| resolver.resolve(value)).transpose()?.flatten().unwrap_or_default())
}

fn resources<'a>(document: &'a Value, kind: &'a str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let all = document.get("Resources").and_then(Value::as_object);
    all.into_iter().flatten().filter(move |(_, resource)| resource["Type"] == kind)
}

/// The properties of the one HTTP API, which override the global ones.
fn api_properties(document: &Value, resolver: &Resolver<'_>) -> Result<Value, String> {
    let globals = resolved(resolver, document.pointer("/Globals/HttpApi"))?;
    let mut merged = globals.as_object().cloned().unwrap_or_default();
    let mut apis = resources(document, "AWS::Serverless::HttpApi");
    let api = apis.next();
    if apis.next().is_some() {
        return Err("more than one AWS::Serverless::HttpApi".to_owned());
    }
    if let Some((_, api)) = api {
        let own = resolved(resolver, api.get("Properties"))?;
        merged.extend(own.as_object().cloned().unwrap_or_default());
    }
    Ok(Value::Object(merged))
}

fn authorizer(api: &Value) -> Result<Option<JwtSettings>, String> {
    let Some(name) = api.pointer("/Auth/DefaultAuthorizer").and_then(Value::as_str) else {
        return Ok(None);
    };
    let found = api.pointer("/Auth/Authorizers").and_then(|all| all.get(name));
    let found = found.ok_or_else(|| format!("Auth/Authorizers has no '{name}'"))?;
    let jwt = &found["JwtConfiguration"];
    let issuer = jwt["issuer"].as_str().ok_or("JwtConfiguration has no issuer")?;
    Ok(Some(JwtSettings {
        issuer: issuer.to_owned(),
        audience: strings(&jwt["audience"]),
        scopes: strings(&found["AuthorizationScopes"]),
    }))
}

fn cors(settings: &Value) -> Cors {
    Cors {
        allow_origins: strings(&settings["AllowOrigins"]),
        allow_methods: strings(&settings["AllowMethods"]),
        allow_headers: strings(&settings["AllowHeaders"]),
        expose_headers: strings(&settings["ExposeHeaders"]),
        max_age: settings["MaxAge"].as_u64(),
        allow_credentials: settings["AllowCredentials"].as_bool().unwrap_or(false),
    }
}

fn route(properties: &Value, function: &str) -> Result<Route, String> {
    let text = |name: &str| {
        let value = properties[name].as_str();
        value.map(str::to_owned).ok_or_else(|| format!("an HttpApi event has no {name}"))
    };
    Ok(Route {
        method: text("Method")?.to_uppercase(),
        path: text("Path")?,
        function: function.to_owned(),
        authorized: properties.pointer("/Auth/Authorizer") != Some(&Value::from("NONE")),
    })
}

/// The binary's name: the explicit one; otherwise the last part of the code's path.
fn binary(resource: &Value, properties: &Value) -> Option<String> {
    let named = resource.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str);
    let folder = || properties["CodeUri"].as_str()?.trim_end_matches('/').rsplit('/').next();
    named.or_else(folder).map(str::to_owned)
}

fn variables(properties: &Value) -> BTreeMap<String, String> {
    let variables = properties.pointer("/Environment/Variables").and_then(Value::as_object);
    let variables = variables.into_iter().flatten();
    variables.map(|(name, value)| (name.clone(), intrinsics::text(value))).collect()
}

fn seconds(value: &Value) -> Option<Duration> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).map(Duration::from_secs)
}

/// A list of strings, or one string as a list.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().map(intrinsics::text).collect(),
        Value::String(one) => vec![one.clone()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters:
  Issuer: {Type: String}
  Audience: {Type: CommaDelimitedList}
  Scope: {Type: String, Default: ''}
  Timeout: {Type: Number, Default: 25}
Conditions:
  HasScope: !Not [!Equals [!Ref Scope, '']]
Mappings:
  Letter: {dynabind: {of: d}}
Globals:
  Function:
    Timeout: !Ref Timeout
    Environment: {Variables: {A: !Sub 'x-${AWS::StackName}', B: 5, C: !FindInMap [Letter, !Ref AWS::StackName, of]}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {AllowOrigins: ['https://a'], AllowMethods: [GET], MaxAge: 600}
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            AuthorizationScopes: [!If [HasScope, !Ref Scope, !Ref AWS::NoValue]]
            JwtConfiguration: {issuer: !Ref Issuer, audience: !Ref Audience}
  One:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: one}}
    Properties:
      Environment: {Variables: {B: own}}
      Events:
        E: {Type: HttpApi, Properties: {Path: /one, Method: post}}
  Two:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/two/
      Events:
        E: {Type: HttpApi, Properties: {Path: '/two/{id}', Method: get, Auth: {Authorizer: NONE}}}
";

    fn parsed(parameters: &[(&str, &str)]) -> Result<Template, String> {
        let parameters = parameters.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect();
        Template::parse(TEMPLATE, &parameters)
    }

    #[test]
    fn routes_functions_and_cors_are_read() {
        let template = parsed(&[("Issuer", "https://i"), ("Audience", "a,b")]).unwrap();
        let routes: Vec<_> =
            template.routes.iter().map(|r| (&*r.method, &*r.path, &*r.function, r.authorized)).collect();
        assert_eq!(routes, [("POST", "/one", "one", true), ("GET", "/two/{id}", "two", false)]);
        let one = &template.functions["one"];
        assert_eq!(one.variables["A"], "x-dynabind");
        assert_eq!(one.variables["B"], "own");
        assert_eq!(one.variables["C"], "d");
        assert_eq!(template.functions["two"].variables["B"], "5");
        assert_eq!(one.timeout, Duration::from_secs(25));
        assert_eq!(template.cors.unwrap().max_age, Some(600));
    }

    #[test]
    fn scopes_depend_on_the_condition() {
        let without = parsed(&[("Issuer", "https://i"), ("Audience", "a,b")]).unwrap();
        let without = without.authorizer.unwrap();
        assert_eq!(without.audience, ["a", "b"]);
        assert!(without.scopes.is_empty());
        let with = parsed(&[("Issuer", "https://i"), ("Audience", "a"), ("Scope", "s")]).unwrap();
        assert_eq!(with.authorizer.unwrap().scopes, ["s"]);
    }

    #[test]
    fn a_parameter_without_a_value_is_named() {
        let error = parsed(&[("Issuer", "https://i")]).unwrap_err();
        assert!(error.contains("Audience"), "{error}");
    }
}
