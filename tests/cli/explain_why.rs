//! Why a route matches a request or not: host, prefix, path, method, content; and which upstream is selected.

use crate::explain::{CONFIG, fixture};
use crate::explain_without_upstream::{assert_shows, explain, get, of, squeezed};
use crate::program::{Folder, Ran, run};
use kit::config::ENVIRONMENT;
use kit::provider::Provider::{Apifox, Auth0, Flashback, Quiva, Streambird};

/// A passthrough target for every host without a target of its own.
const ANYWHERE: &str = "\"*\" = \"https://anywhere.example\"\n";

/// The token request of Auth0's callers, which all grants share, for a host.
fn token_request(host: &str, content: &str) -> String {
    format!("POST /oauth/token HTTP/1.1\nhost: {host}\ncontent-type: application/json\n\n{content}")
}

#[track_caller]
fn does_not_mention(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(!squeezed(&ran.stdout).contains(word), "{word} is in {}", ran.stdout);
    }
}

#[test]
fn host_is_case_insensitive() {
    let begin = explain("", &of(Quiva, "login.begin", "OTHER.quiva.Example"));
    assert_shows(&begin, 0, &["quiva matches login.begin", "route `quiva`"]);
    let document = get("/.well-known/jwks.json", "OWN.quiva.Example");
    assert_shows(&explain("", &document), 3, &["a document of the gateway's own token issuer"]);
    let passes = of(Quiva, "login.begin", "OLD.Example");
    assert_shows(&explain(ANYWHERE, &passes), 3, &["to https://old.provider.example"]);
    assert_shows(&explain(ANYWHERE, &passes.replace("OLD", "new")), 3, &["to https://anywhere.example"]);
    let hostless = fixture(Quiva, "login.begin");
    assert_shows(&explain("", &hostless), 3, &["expects host other.quiva.example, the request does not name one host"]);
}

#[test]
fn route_without_hosts_matches_any_host() {
    let folder = Folder::with_config(
        "[upstreams.own]\nprovider = \"embedded\"\nrp_id = \"localhost\"\norigins = [\"http://localhost:8080\"]\n\
         database = \"own.db\"\n[routes.any]\ndialect = \"quiva\"\nupstream = \"own\"\nexclude_operations = [\"registration.begin\"]\n\
         callers = { open = \"anyone\", user = \"upstream\" }\n",
    );
    let explain = |request: &str| run(folder.path(), &["explain"], &[], request);
    let begin = of(Quiva, "login.begin", "whatever.example");
    assert_shows(&explain(&begin), 0, &["matches login.begin: any host, method POST, path\n"]);
    let document = get("/.well-known/jwks.json", "whatever.example");
    assert_shows(&explain(&document), 3, &["a document of the gateway's own token issuer"]);
    let left = of(Quiva, "registration.begin", "whatever.example");
    assert_shows(&explain(&left), 3, &["does not match `registration.begin` is excluded by `exclude_operations`"]);
}

#[test]
fn prefix_is_part_of_every_path() {
    let begin = of(Apifox, "login.begin", "own.apifox.example");
    assert_shows(&explain("", &begin), 0, &["host own.apifox.example, prefix /api/v4, method PUT, path"]);
    let bare = begin.replacen("/api/v4", "", 1);
    assert_shows(&explain("", &bare), 3, &["expects a path below /api/v4, the request has /session/authn"]);
    let mistyped = begin.replacen("/authn", "/auth", 1);
    assert_shows(&explain("", &mistyped), 3, &["no operation at /session/auth; did you mean /api/v4/session/authn?"]);
}

#[test]
fn allowed_methods_are_listed_once() {
    let other = |path: &str, host: &str| get(path, host).replacen("GET", "PATCH", 1);
    let passkeys = explain("", &other("/api/v4/user/authn", "own.apifox.example"));
    assert_shows(&passkeys, 3, &["expects method DELETE or POST or PUT, the request has PATCH"]);
    let tokens = explain("", &other("/oauth/token", "own.auth0.example"));
    assert_shows(
        &tokens,
        3,
        &["`login.finish` expects method POST, the request has PATCH", "method_not_allowed as 405"],
    );
    let passes = explain("", &other("/oauth/token", "old.auth0.example"));
    assert_shows(&passes, 3, &["the request passes through unchanged to https://tenant.auth0.example"]);
}

#[test]
fn closest_operation_on_a_path_is_explained() {
    let asked = |content: &str| explain("", &token_request("own.auth0.example", content));
    let refresh = asked("{\"grant_type\":\"refresh_token\",\"client_id\":\"a\",\"refresh_token\":7}");
    let takes = "auth0_own matches session.refresh: host own.auth0.example or old.auth0.example, method POST, path, \
                 constants in the content; but the request is not valid: /refresh_token must be a string";
    assert_shows(&refresh, 1, &[takes]);
    let login = asked("{\"grant_type\":\"urn:okta:params:oauth:grant-type:webauthn\",\"client_id\":7}");
    assert_shows(&login, 1, &["matches login.finish: ", "; but the request is not valid: /client_id must be a string"]);
    let other = asked("{\"grant_type\":\"password\"}");
    assert_shows(&other, 1, &["does not match login.finish: the content's /grant_type is not \"urn:okta:"]);
    let form = token_request("old.auth0.example", "grant_type=password").replace("application/json", "text/plain");
    assert_shows(&explain("", &form), 3, &["does not match login.finish: the content is not JSON"]);
    let right = "{\"grant_type\":\"urn:okta:params:oauth:grant-type:webauthn\"}";
    let typed = token_request("old.auth0.example", right).replace("application/json", "text/plain");
    assert_shows(&explain("", &typed), 3, &["does not match login.finish: a constant in the head differs"]);
    let query = of(Auth0, "credentials.list", "old.auth0.example").replacen("type=passkey", "type=totp", 1);
    assert_shows(&explain("", &query), 3, &["does not match credentials.list: a constant in the head differs"]);
}

#[test]
fn constants_of_every_type_are_compared() {
    let root = env!("CARGO_MANIFEST_DIR");
    let provider = std::fs::read_to_string(format!("{root}/providers/quiva.toml")).unwrap();
    let email = "email   = \"{user.email!}\"\n";
    let folder = Folder::with_config(
        "providers = \"providers\"\n[upstreams.own]\nprovider = \"embedded\"\nrp_id = \"localhost\"\n\
         origins = [\"http://localhost:8080\"]\ndatabase = \"own.db\"\n[routes.main]\ndialect = \"strict\"\n\
         upstream = \"own\"\ncallers = { open = \"anyone\", user = \"upstream\" }\n",
    );
    folder.write("providers/strict.toml", &provider.replacen(email, &format!("{email}version = 2\nbeta = true\n"), 1));
    for (constants, code, why) in [
        ("\"version\":2,\"beta\":true", 0, "method POST, path, constants in the content"),
        ("\"version\":3,\"beta\":true", 1, "does not match login.begin: the content's /version is not 2"),
        ("\"version\":\"2\",\"beta\":true", 1, "does not match login.begin: the content's /version is not 2"),
        ("\"version\":2,\"beta\":false", 1, "does not match login.begin: the content's /beta is not true"),
        ("\"version\":2", 1, "does not match login.begin: the content's /beta is not true"),
    ] {
        let content = format!("{{\"email\":\"user@example.com\",{constants}}}");
        let request = format!("POST /accounts/begin-auth-with-passkey HTTP/1.1\nhost: a.example\n\n{content}");
        assert_shows(&run(folder.path(), &["explain"], &[], &request), code, &[why]);
    }
}

#[test]
fn content_limit_is_inclusive() {
    let of_size = |size: usize| {
        let (before, after) = ("{\"email\":\"", "\"}");
        let content = format!("{before}{}{after}", "a".repeat(size - before.len() - after.len()));
        format!("POST /accounts/begin-auth-with-passkey HTTP/1.1\nhost: own.quiva.example\n\n{content}")
    };
    assert_shows(&explain("", &of_size(65_536)), 0, &["the upstream is called"]);
    assert_shows(&explain("", &of_size(65_537)), 1, &["too_large as 413"]);
}

#[test]
fn unsupported_operation_is_not_enabled() {
    let refresh = of(Quiva, "session.refresh", "other.quiva.example");
    let ran = explain("", &refresh);
    assert_shows(
        &ran,
        1,
        &["not_enabled as ", "the route does not support this operation", "`passbridge check` shows why"],
    );
    does_not_mention(&ran, &["request to the upstream", "members of the request"]);
    let carried = explain("", &of(Quiva, "session.refresh", "own.quiva.example"));
    does_not_mention(&carried, &["`passbridge check` shows why"]);
}

#[test]
fn missing_credentials_are_explained() {
    let without = |request: String, line: &str| {
        let kept: Vec<_> = request.lines().filter(|one| !one.starts_with(line)).collect();
        kept.join("\n")
    };
    let key = of(Streambird, "login.begin", "own.streambird.example");
    assert_shows(&explain("", &key), 0, &["caller (key): the configured API key; the credential in "]);
    let bare = explain("", &without(key, "authorization"));
    assert_shows(&bare, 1, &["unauthenticated as 401"]);
    let user = of(Flashback, "login.begin", "own.flashback.example");
    assert_shows(&explain("", &without(user, "authorization")), 1, &["unauthenticated as 401"]);
    let open = explain("", &of(Quiva, "login.begin", "own.quiva.example"));
    assert_shows(&open, 0, &["caller (open): anyone\n"]);
}

#[test]
fn unknown_ceremony_passes_only_where_configured() {
    let unseen = "a finish whose begin the gateway did not see passes through";
    let finish = explain("", &of(Auth0, "login.finish", "old.auth0.example"));
    assert_shows(&finish, 0, &["the upstream is called"]);
    does_not_mention(&finish, &[unseen]);
    // A refresh token of another issuer does not pass through either.
    let refresh = explain("", &of(Auth0, "session.refresh", "old.auth0.example"));
    assert_shows(&refresh, 0, &["the upstream is called"]);
}

#[test]
fn well_known_documents_belong_to_the_routes_issuer() {
    let (of_host, document) =
        (|host: &str| get("/.well-known/jwks.json", host), "a document of the gateway's own token issuer");
    assert_shows(&explain("", &of_host("other.apifox.example")), 3, &[document]);
    does_not_mention(&explain("", &of_host("other.auth0.example")), &[document]);
    let rule = "[routes.quiva.rules.beta]\nupstream = \"own\"\nwhen = { account = [\"acme\"] }\n";
    does_not_mention(&explain("", &of_host("other.quiva.example")), &[document]);
    assert_shows(&explain(rule, &of_host("other.quiva.example")), 3, &[document]);
}

#[test]
fn policy_is_explained_as_far_as_the_request_allows() {
    let second = "[upstreams.second]\nprovider = \"embedded\"\nrp_id = \"localhost\"\n\
                  origins = [\"http://localhost:8080\"]\ndatabase = \"second.db\"\n";
    let chosen = "upstream = \"own\"\nwhen = { account = [\"acme\"] }\n";

    // Only one of the two upstreams issues refresh tokens, and it is not the route's own.
    let one_maker = format!("[routes.quiva.rules.beta]\n{chosen}");
    let head = "POST /accounts/refresh-token HTTP/1.1\nhost: other.quiva.example\ncontent-type: application/json";
    let refresh = format!("{head}\n\n{{\"auth_token\":\"x\",\"refresh_token\":\"pbr_x\"}}");
    let ran = explain(&one_maker, &refresh);
    assert_shows(
        &ran,
        0,
        &["upstream `own` (embedded)", "note: the upstream that issued the refresh token is called\n"],
    );

    let claims = explain(&one_maker, &of(Quiva, "registration.begin", "other.quiva.example"));
    assert_shows(
        &claims,
        0,
        &["the user in the token selects the upstream, `streambird` or `own`; shown for `streambird`"],
    );

    let dealt = format!("{second}[routes.auth0_own.split]\ncookie = true\nto.second = 50\n");
    let config = format!("[gateway]\nhash_key = \"env:HASH_KEY\"\n{CONFIG}{dealt}");
    let folder = Folder::with_config(&config);
    let begin = of(Auth0, "login.begin", "own.auth0.example");
    let ran = run(folder.path(), &["explain"], ENVIRONMENT, &begin);
    assert_shows(&ran, 0, &["; a caller without the cookie is assigned at random"]);
    // Only a begin gets a cookie; other requests use the default upstream.
    let delete = of(Streambird, "credentials.delete", "own.streambird.example");
    let dealt = config.replace("auth0_own.split", "streambird_own.split");
    let ran = run(Folder::with_config(&dealt).path(), &["explain"], ENVIRONMENT, &delete);
    assert_shows(&ran, 0, &["`own` by policy: "]);
    does_not_mention(&ran, &["at random"]);
    let by_account = explain(&one_maker, &of(Quiva, "login.begin", "other.quiva.example").replace("acme", "other"));
    assert_shows(&by_account, 0, &["`streambird` by policy: "]);
    does_not_mention(&by_account, &["at random"]);
}
