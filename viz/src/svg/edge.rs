//! Writes dependencies.

use super::xml::{push_pair, title};
use crate::layout::{EdgePath, Point};
use crate::scene::Scene;
use crate::{style, text};

/// Half the width of an arrow head.
const ARROW: f64 = 3.5;

/// What an edge is called: both names, as far as they are short.
pub(super) fn name(scene: &Scene, edge: usize) -> String {
    let (a, b) = scene.edges[edge];
    format!("{}->{}", text::mention(&scene.nodes[a].name), text::mention(&scene.nodes[b].name))
}

/// The curve and the arrow head.
pub(super) fn write(svg: &mut String, number: usize, title_text: &str, path: &EdgePath) {
    svg.push_str(&format!(
        "<g id=\"edge{number}\" class=\"edge\">\n\
         <title>{title}</title>\n\
         <path fill=\"none\" stroke=\"{color}\" d=\"{d}\"/>\n\
         <polygon fill=\"{color}\" stroke=\"{color}\" points=\"{arrow}\"/>\n\
         </g>\n",
        title = title(title_text),
        color = style::EDGE,
        d = path_data(&path.curve),
        arrow = arrow(path),
    ));
}

/// `M`, the start, `C`, and the other points.
pub(super) fn path_data(curve: &[Point]) -> String {
    let mut data = String::from("M");
    for (index, point) in curve.iter().enumerate() {
        match index {
            0 => {}
            1 => data.push('C'),
            _ => data.push(' '),
        }
        push_pair(&mut data, *point);
    }
    data
}

/// The three corners of an arrow head.
pub(super) fn arrow(path: &EdgePath) -> String {
    let base = path.curve[path.curve.len() - 1];
    let along = path.tip - base;
    let length = (along.x * along.x + along.y * along.y).sqrt().max(1e-9);
    let side = Point { x: along.y * (ARROW / length), y: -along.x * (ARROW / length) };
    let mut points = String::new();
    for corner in [base + side, path.tip, base - side, base + side] {
        if !points.is_empty() {
            points.push(' ');
        }
        push_pair(&mut points, corner);
    }
    points
}
