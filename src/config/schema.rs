//! JSON Schemas of the files people write, made from the types that read them, so that editors
//! complete and check them.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::base::hash_key::GatewaySettings;
use crate::ceremony::memory::CeremonySettings;
use crate::gateway::limits::Limits;
use crate::identity::map_settings::MapSettings;
use crate::model::fault::Fault;
use crate::model::operation::Operation;
use crate::provider::template::message::Caller;
use crate::relying_party::config::EmbeddedSettings;
use crate::routes::route_settings::{Assignments, RouteSettings};
use crate::server::admin::AdminSettings;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::server_settings::ServerSettings;
use crate::upstream::base_url::BaseUrl;
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
        "providers": { "type": "string", "description": "A folder of provider files that add to the built-in ones or override them." },
        "identity": { "type": "object", "additionalProperties": generator.subschema_for::<MapSettings>(), "description": "Who the callers' users are at the upstreams." },
        "upstreams": { "type": "object", "additionalProperties": upstream, "description": "Who can do the work." },
        "routes": { "type": "object", "additionalProperties": generator.subschema_for::<RouteSettings>(), "description": "Which dialect is spoken where, and who does the work." },
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

/// An upstream is of one of two kinds, told apart by its `provider`.
fn upstream(generator: &mut SchemaGenerator) -> Value {
    let identity = json!({ "type": "string", "description": "The name of the identity map that says who the callers' users are there. Default: both sides name users alike." });
    let handles = json!({ "type": "string", "description": "The SQLite file that keeps the user handles of the upstream's passkeys, by credential id, on either side; made when missing. A relative path starts at the directory of the config file. Default: none, and handles pass on as they come." });
    let embedded = with(
        inline::<EmbeddedSettings>(generator),
        json!({ "provider": { "const": "embedded" }, "identity": identity, "handles": handles }),
        &["provider"],
    );
    let provider = json!({
        "provider": { "type": "string", "not": { "const": "embedded" }, "description": "The id of a provider file." },
        "base_url": generator.subschema_for::<BaseUrl>(),
        "set": generator.subschema_for::<Assignments>(),
        "identity": identity,
        "handles": handles,
        "discoverable": { "type": "boolean", "description": "Whether the upstream's credentials are discoverable; `false` refuses dialects that cannot list them." },
    });
    let http = with(inline::<HttpSettings>(generator), provider, &["provider", "base_url"]);
    json!({ "oneOf": [embedded, http] })
}

fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

fn with(mut schema: Value, properties: Value, required: &[&str]) -> Value {
    if let (Some(own), Value::Object(more)) = (schema["properties"].as_object_mut(), properties) {
        own.extend(more);
    }
    let mut all: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
    all.extend(required.iter().map(|name| json!(name)));
    schema["required"] = Value::Array(all);
    schema
}
