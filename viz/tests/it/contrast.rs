//! Every text can be read: it contrasts with what is behind it by 4.5 to 1 or more, by day and by night.

use dojobber_viz::Picture;
use dojobber_viz::scene::Scene;
use dojobber_viz::style::{BACKGROUND, DARK, INK, TINT, fill, label_color};

use crate::samples::statuses;

/// What WCAG 2 asks of small text at its level AA.
const LEAST: f64 = 4.5;
/// Boxes are not nested deeper in a picture.
const DEEPEST: usize = 8;

type Color = [f64; 3];

/// `#rrggbb`, each from 0 to 1.
fn color(text: &str) -> Color {
    assert!(text.len() == 7 && text.starts_with('#'), "{text:?} is no colour");
    [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&text[at..at + 2], 16).unwrap()) / 255.0)
}

#[expect(clippy::disallowed_methods, reason = "a picture is the same everywhere, a test may round otherwise")]
fn luminance(color: Color) -> f64 {
    let linear = |part: f64| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[track_caller]
fn check(what: &str, text: Color, behind: Color) {
    let (a, b) = (luminance(text), luminance(behind));
    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
    assert!(contrast >= LEAST, "{what}: {contrast:.2} to 1");
}

#[test]
fn labels_on_their_jobs() {
    assert!(((luminance(color("#ffffff")) + 0.05) / 0.05 - 21.0).abs() < 1e-9);
    for status in statuses() {
        check(&format!("{status:?}"), color(label_color(status)), color(fill(status)));
    }
}

/// Also in boxes of one colour in each other, which the colour covers again and again.
#[test]
fn ink_beside_the_drawing_and_in_boxes() {
    for (ink, background, tint) in [(INK, BACKGROUND, TINT), (DARK.ink, DARK.background, DARK.tint)] {
        check("legend", color(ink), color(background));
        for status in statuses() {
            let mut rest = 1.0;
            for depth in 1..=DEEPEST {
                rest *= 1.0 - tint;
                let (below, above) = (color(background), color(fill(status)));
                let behind = [0, 1, 2].map(|part| below[part] * rest + above[part] * (1.0 - rest));
                check(&format!("{status:?} on {background}, {depth} deep"), color(ink), behind);
            }
        }
    }
}

/// The value of a property in a rule of a style sheet: the first rule behind `from` whose selector is one of a list.
#[track_caller]
fn property<'a>(css: &'a str, selector: &str, property: &str) -> &'a str {
    let rule = css.lines().find(|line| {
        let Some((selectors, _)) = line.split_once(" {") else { return false };
        selectors.split(", ").any(|one| one == selector) && line.contains(&format!(" {property}: "))
    });
    let rule = rule.unwrap_or_else(|| panic!("no rule for {selector} sets {property}"));
    let (_, value) = rule.split_once(&format!(" {property}: ")).unwrap();
    value.split([';', ' ', '}']).next().unwrap()
}

#[test]
fn words_of_the_page() {
    let html = Picture::from(Scene::default()).to_html();
    let (_, css) = html.split_once("<style>\n").unwrap();
    let (day, rest) = css.split_once("@media (prefers-color-scheme: dark) {\n").unwrap();
    let (night, _) = rest.split_once("\n}\n").unwrap();
    for (mode, rules) in [("day", day), ("night", night)] {
        let variable = |name: &str| color(property(rules, ":root", name));
        for text in ["--ink", "--faint", "--bad"] {
            for behind in ["--paper", "--soft"] {
                check(&format!("{text} on {behind} by {mode}"), variable(text), variable(behind));
            }
        }
    }
    let bar = |name: &str, behind: &str| {
        let text = color(property(css, &format!("#timeline .on-{name}"), "fill"));
        check(&format!("on-{name}"), text, color(property(css, &format!("#timeline .{behind}"), "fill")));
    };
    for name in ["path", "check", "recheck", "create", "cleanup", "run", "failed"] {
        bar(name, name);
    }
    check("word", color(property(css, "#word", "color")), color(property(css, "#word", "background")));
}
