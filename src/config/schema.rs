//! JSON Schemas of the config and of provider files, generated from the types that read them. Editors complete and
//! check the files with them, and findings take their words from them.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::ceremony::memory::CeremonySettings;
use crate::config::gateway_settings::GatewaySettings;
use crate::config::upstreams::{ProviderSettings, UpstreamUserSettings};
use crate::gateway::limits::Limits;
use crate::identity::map_settings::MapSettings;
use crate::model::fault::Fault;
use crate::model::operation::Operation;
use crate::provider::template::message::Caller;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::route_settings::RouteSettings;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::server_settings::ServerSettings;
use crate::upstream::http_settings::HttpSettings;

/// The schema of `gateway.toml`.
pub fn config() -> Value {
    let mut generator = SchemaGenerator::default();
    let upstream = upstream(&mut generator);
    let properties = json!({
        "server": generator.subschema_for::<ServerSettings>(),
        "admin": generator.subschema_for::<AdminSettings>(),
        "ceremonies": generator.subschema_for::<CeremonySettings>(),
        "limits": generator.subschema_for::<Limits>(),
        "gateway": generator.subschema_for::<GatewaySettings>(),
        "providers": { "type": "string", "description": "A folder of provider files. They add to the built-in ones, or override those of the same name." },
        "identity": { "type": "object", "additionalProperties": generator.subschema_for::<MapSettings>(), "description": "Identity maps: which of the callers' users is which user at an upstream." },
        "upstreams": { "type": "object", "additionalProperties": upstream, "description": "Upstreams: providers over HTTP, or the embedded relying party." },
        "routes": { "type": "object", "additionalProperties": generator.subschema_for::<RouteSettings>(), "description": "Routes: which dialect is served on which host and path, and by which upstream." },
        "passthrough": generator.subschema_for::<PassthroughSettings>(),
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "passbridge config",
        "type": "object",
        "properties": properties,
        "required": ["routes"],
        "additionalProperties": false,
        "$defs": generator.take_definitions(true),
    })
}

/// The schema of a provider file.
pub fn provider() -> Value {
    let message = |own: Value| {
        let mut properties = json!({
            "fields": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Header fields." },
            "content": { "type": "object", "description": "The content: the provider's JSON with placeholders for members." },
            "also": { "type": "array", "items": { "type": "object" }, "description": "Alternative forms of the content, which are only decoded." },
            "omits": { "type": "object", "additionalProperties": { "type": "string", "minLength": 1 }, "description": "Members that the message cannot carry, each with the reason." },
        });
        if let (Some(properties), Value::Object(own)) = (properties.as_object_mut(), own) {
            properties.extend(own);
        }
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    };
    let mut request = message(json!({
        "method": { "type": "string" },
        "path": { "type": "string", "pattern": "^/" },
        "caller": { "enum": Caller::ALL.map(Caller::name), "description": "The kind of caller." },
        "query": { "type": "object", "additionalProperties": { "type": "string" } },
    }));
    request["required"] = json!(["method", "path", "caller"]);
    let response = message(json!({ "status": { "type": "integer", "minimum": 200, "maximum": 299 } }));
    let operation = json!({
        "type": "object",
        "properties": {
            "request": request,
            "response": response,
            "unknown": { "type": "array", "items": { "type": "string" }, "description": "What the provider's documentation leaves open." },
        },
        "required": ["request", "response"],
        "additionalProperties": false,
    });
    let mut properties = json!({
        "title": { "type": "string", "description": "The display name." },
        "aliases": { "type": "array", "items": { "type": "string" }, "description": "Other names that a config may use for the id." },
        "bytes": { "enum": ["base64", "base64url"], "description": "How bytes are written." },
        "content_type": { "type": "string" },
        "accepts": { "enum": ["json", "any"] },
        "fields": { "type": "object", "additionalProperties": { "type": "string" }, "description": "Header fields on every response." },
        "faults": { "type": "array", "items": fault_row(), "description": "Rows that are searched from the top." },
    });
    for name in Operation::ALL.map(Operation::name) {
        let (ceremony, leg) = name.split_once('.').expect("an operation's name has two parts");
        properties[ceremony]["type"] = json!("object");
        properties[ceremony]["additionalProperties"] = json!(false);
        properties[ceremony]["properties"][leg] = json!({ "$ref": "#/$defs/Operation" });
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "passbridge provider file",
        "type": "object",
        "properties": properties,
        "required": ["bytes", "login", "faults"],
        "additionalProperties": false,
        "$defs": { "Operation": operation },
    })
}

fn fault_row() -> Value {
    let one_or_more = |names: Value| json!({ "anyOf": [names, { "type": "array", "items": names }] });
    json!({
        "type": "object",
        "properties": {
            "fault": one_or_more(json!({ "enum": Fault::ALL.map(Fault::name) })),
            "operations": one_or_more(json!({ "enum": Operation::ALL.map(Operation::name) })),
            "status": { "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "pattern": "^[1-5]xx$" }] },
            "fields": { "type": "object", "additionalProperties": { "type": "string" } },
            "content": { "type": "object" },
        },
        "required": ["fault", "status"],
        "additionalProperties": false,
    })
}

/// An upstream is embedded or a provider over HTTP, depending on its `provider`.
fn upstream(generator: &mut SchemaGenerator) -> Value {
    let provider = |schema: Value| json!({ "properties": { "provider": schema }, "required": ["provider"] });
    let users = inline::<UpstreamUserSettings>(generator);
    let embedded =
        merged(&[provider(json!({ "const": "embedded" })), inline::<EmbeddedSettings>(generator), users.clone()]);
    let name =
        json!({ "type": "string", "not": { "const": "embedded" }, "description": "The name of a provider file." });
    let http =
        merged(&[provider(name), inline::<ProviderSettings>(generator), users, inline::<HttpSettings>(generator)]);
    json!({ "oneOf": [embedded, http] })
}

fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

/// The schema of a table with the keys of all these tables.
fn merged(tables: &[Value]) -> Value {
    let of = |key: &'static str| tables.iter().map(move |table| &table[key]);
    let properties: Map<String, Value> = of("properties")
        .filter_map(Value::as_object)
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let required: Vec<_> = of("required").filter_map(Value::as_array).flatten().collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}
