//! Which packages may depend on which.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::Violation;

/// What a package may not depend on: data flows from the builder through the core to the pictures.
const NOT_UP: [(&str, &[&str]); 3] = [
    ("dojobber-core", &["dojobber", "dojobber-viz"]),
    ("dojobber-viz", &["dojobber"]),
    ("dojobber", &["dojobber-viz"]),
];

/// The core knows neither the builder nor the pictures, and those do not know each other. Tests of theirs may.
pub(crate) fn one_way_packages(path: &Path, manifest: &str) -> Result<Vec<Violation>> {
    let manifest: toml::Table = manifest.parse().with_context(|| format!("in {}", path.display()))?;
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    let Some((name, banned)) = NOT_UP.into_iter().find(|(package, _)| Some(*package) == name) else {
        return Ok(Vec::new());
    };
    let mut tables = vec![&manifest];
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    tables.extend(targets.into_iter().flat_map(|targets| targets.values()).filter_map(toml::Value::as_table));
    let sections: &[&str] = match name {
        "dojobber-core" => &["dependencies", "build-dependencies", "dev-dependencies"],
        _ => &["dependencies", "build-dependencies"],
    };
    let on = tables
        .into_iter()
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()))
        .flatten()
        .map(|(key, value)| value.get("package").and_then(toml::Value::as_str).unwrap_or(key));
    let violation = |on| Violation {
        file: path.to_owned(),
        line: None,
        what: format!("`{name}` must not depend on `{on}`"),
    };
    Ok(on.filter(|on| banned.contains(on)).map(violation).collect())
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
        check_package("[package]\nname = \"other\"\n[dependencies]\ndojobber-viz = \"1\"", &[]);
        check_package("[workspace.dependencies]\ndojobber = \"1\"", &[]);
    }
}
