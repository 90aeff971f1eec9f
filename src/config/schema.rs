//! JSON Schemas of the files people write, made from the types that read them, so that editors
//! complete and check them.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::ceremony::memory::CeremonySettings;
use crate::gateway::limits::Limits;
use crate::gateway::settings::{Assignments, RouteSettings};
use crate::relying_party::settings::EmbeddedSettings;
use crate::server::admin::AdminSettings;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::settings::HttpSettings;

/// The schema of `gateway.toml`.
pub fn config() -> Value {
    let mut generator = SchemaGenerator::default();
    let upstream = upstream(&mut generator);
    let properties = json!({
        "server": generator.subschema_for::<ServerSettings>(),
        "admin": generator.subschema_for::<AdminSettings>(),
        "ceremonies": generator.subschema_for::<CeremonySettings>(),
        "limits": generator.subschema_for::<Limits>(),
        "providers": { "type": "string", "description": "A folder of provider files that add to the built-in ones or override them." },
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

/// An upstream is of one of two kinds, told apart by its `provider`.
fn upstream(generator: &mut SchemaGenerator) -> Value {
    let embedded = with(inline::<EmbeddedSettings>(generator), json!({ "provider": { "const": "embedded" } }), &["provider"]);
    let provider = json!({
        "provider": { "type": "string", "not": { "const": "embedded" }, "description": "The id of a provider file." },
        "base_url": generator.subschema_for::<BaseUrl>(),
        "set": generator.subschema_for::<Assignments>(),
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
