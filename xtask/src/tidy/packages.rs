//! Which packages may depend on which.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::Violation;

/// Everything that is published, and what of it each may depend on. The core knows neither the builder nor the
/// pictures, and those do not know each other; what joins them stands above. The cluster stands below the command line,
/// which has options for it.
const MAY_DEPEND_ON: [(&str, &[&str]); 5] = [
    ("dojobber-core", &[]),
    ("dojobber", &["dojobber-core"]),
    ("dojobber-viz", &["dojobber-core"]),
    ("dojobber-cluster", &["dojobber-core", "dojobber"]),
    ("dojobber-cli", &["dojobber-core", "dojobber", "dojobber-viz", "dojobber-cluster"]),
];

/// Tests and examples may use packages above; those of the core may not.
pub(crate) fn one_way_packages(path: &Path, manifest: &str) -> Result<Vec<Violation>> {
    let manifest: toml::Table = manifest.parse().with_context(|| format!("in {}", path.display()))?;
    let Some(package) = manifest.get("package") else { return Ok(Vec::new()) };
    let is_published = package.get("publish").and_then(toml::Value::as_bool).unwrap_or(true);
    let name = package.get("name").and_then(toml::Value::as_str).unwrap_or_default();
    let violation = |what| Violation { file: path.to_owned(), line: None, what };
    let Some((_, allowed)) = MAY_DEPEND_ON.into_iter().find(|(package, _)| *package == name) else {
        let what = format!(
            "`{name}` is published, and xtask/src/tidy/packages.rs does not say on what it may depend"
        );
        return Ok(is_published.then(|| violation(what)).into_iter().collect());
    };
    let is_ours = |on: &&str| MAY_DEPEND_ON.iter().any(|(package, _)| package == on);
    let banned = dependencies(&manifest, name == "dojobber-core");
    let banned = banned.into_iter().filter(is_ours).filter(|on| !allowed.contains(on));
    Ok(banned.map(|on| violation(format!("`{name}` must not depend on `{on}`"))).collect())
}

/// The packages that a manifest names, for all targets.
fn dependencies(manifest: &toml::Table, for_tests: bool) -> Vec<&str> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table));
    let sections =
        ["dependencies", "build-dependencies"].into_iter().chain(for_tests.then_some("dev-dependencies"));
    let named =
        sections.flat_map(|section| tables.iter().filter_map(move |table| table.get(section)?.as_table()));
    let mut found = Vec::new();
    for (key, value) in named.flatten() {
        found.push(value.get("package").and_then(toml::Value::as_str).unwrap_or(key));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_package(manifest: &str, expected: &[&str]) {
        let found = one_way_packages(Path::new("Cargo.toml"), manifest).unwrap();
        let found: Vec<String> = found.into_iter().map(|violation| violation.what).collect();
        assert_eq!(found, expected, "{manifest}");
    }

    #[test]
    fn packages_depend_one_way() {
        let core = "[package]\nname = \"dojobber-core\"\n";
        let up = ["`dojobber-core` must not depend on `dojobber`"];
        check_package(&format!("{core}[dependencies]\nrayon.workspace = true"), &[]);
        check_package(&format!("{core}[dependencies]\ndojobber.workspace = true"), &up);
        check_package(&format!("{core}[dev-dependencies]\ndojobber = \"1\""), &up);
        check_package(&format!("{core}[build-dependencies.front]\npackage = \"dojobber\""), &up);
        check_package(&format!("{core}[target.'cfg(unix)'.dependencies]\ndojobber = \"1\""), &up);
        check_package(&format!("{core}[features]\ndojobber = []"), &[]);

        let viz = "[package]\nname = \"dojobber-viz\"\n";
        let up = ["`dojobber-viz` must not depend on `dojobber`"];
        check_package(&format!("{viz}[dependencies]\ndojobber-core.workspace = true"), &[]);
        check_package(&format!("{viz}[dependencies]\ndojobber.workspace = true"), &up);
        check_package(&format!("{viz}[dev-dependencies]\ndojobber.workspace = true"), &[]);

        let builder = "[package]\nname = \"dojobber\"\n[dependencies]\ndojobber-viz = \"1\"";
        check_package(builder, &["`dojobber` must not depend on `dojobber-viz`"]);
        let cli = "[package]\nname = \"dojobber-cli\"\n[dependencies]\n";
        check_package(&format!("{cli}dojobber-viz = \"1\"\ndojobber = \"1\""), &[]);
        check_package(&format!("{cli}[target.'cfg(unix)'.dependencies]\ndojobber-cluster = \"1\""), &[]);
        let cluster = "[package]\nname = \"dojobber-cluster\"\n[dependencies]\n";
        check_package(
            &format!("{cluster}dojobber-cli = \"1\""),
            &["`dojobber-cluster` must not depend on `dojobber-cli`"],
        );
        check_package("[workspace.dependencies]\ndojobber = \"1\"", &[]);
    }

    #[test]
    fn whatever_is_published_has_a_place() {
        let other = "[package]\nname = \"other\"\n";
        check_package(&format!("{other}publish = false\n[dependencies]\ndojobber-viz = \"1\""), &[]);
        let unsaid =
            "`other` is published, and xtask/src/tidy/packages.rs does not say on what it may depend";
        check_package(other, &[unsaid]);
    }
}
