//! Settings in the environment override those in the file.

use crate::program::Folder;
use kit::config::{EMBEDDED, route_verified_by_upstream};
use kit::provider::Provider::Quiva;

fn two_upstreams() -> Folder {
    let other = EMBEDDED.replace("[upstreams.own]", "[upstreams.other]").replace("own.db", "other.db");
    Folder::with_config(&(EMBEDDED.to_owned() + &other + &route_verified_by_upstream("main", Quiva, "own", "")))
}

#[test]
fn environment_overrides_the_file() {
    let folder = two_upstreams();
    let route_of = |environment: &[(&str, &str)]| {
        let ran = folder.run_in(&["check"], environment);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout.lines().find(|line| line.starts_with("route `main`")).unwrap().to_owned()
    };
    assert!(route_of(&[]).contains("`own` (embedded)"));
    assert!(route_of(&[("PASSBRIDGE__ROUTES__MAIN__UPSTREAM", "other")]).contains("`other` (embedded)"));
    assert!(route_of(&[("PASSBRIDGE__SERVER__MAX_FIELDS", "50")]).contains("`own`"));
}

#[test]
fn invalid_environment_setting_is_named_and_exits_78() {
    let folder = two_upstreams();
    for (variable, value) in [
        ("PASSBRIDGE__ROUTES__MAIN__UPSTREAM", "nobody"),
        ("PASSBRIDGE__SERVER__LISTEN", "everywhere"),
        ("PASSBRIDGE__SERVER__MAX_FIELDS", "1"),
        ("PASSBRIDGE__SERVER__PORT", "80"),
        ("PASSBRIDGE__SURVER__LISTEN", "127.0.0.1:0"),
    ] {
        let ran = folder.run_in(&["check"], &[(variable, value)]);
        assert_eq!((ran.code, ran.stdout.as_str()), (78, ""), "{variable}");
        assert!(ran.stderr.contains(variable), "{variable}: {}", ran.stderr);
    }
}

#[test]
fn config_path_may_come_from_the_environment() {
    let folder = two_upstreams();
    folder.write("elsewhere/other.toml", &folder.read("gateway.toml"));
    let checked = |arguments: &[&str], environment: &[(&str, &str)]| {
        let ran = folder.run_in(arguments, environment);
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout.lines().next().unwrap().to_owned()
    };
    let named = [("PASSBRIDGE_CONFIG", "elsewhere/other.toml")];
    assert_eq!(checked(&["check"], &named), "elsewhere/other.toml works.");
    assert_eq!(checked(&["check", "--config", "gateway.toml"], &named), "gateway.toml works.", "the option wins");
    assert_eq!(checked(&["check"], &[]), "gateway.toml works.");
    std::fs::remove_file(folder.path().join("gateway.toml")).unwrap();
    assert_eq!(checked(&["check"], &[]), "the built-in gateway.toml works.");
    let missing = folder.run_in(&["check"], &[("PASSBRIDGE_CONFIG", "none.toml")]);
    assert_eq!(missing.code, 78, "a named file must exist: {missing:?}");
}
