//! What tells a status without its colour: the border and the mark.

use super::xml::{Number, push_pair};
use crate::layout::{Point, Size};
use crate::scene::Status;
use crate::style::{self, Border};

/// The distance between the two lines of a double border.
const BETWEEN_LINES: f64 = 3.0;

/// The attributes of the border, but for its colour.
pub(super) fn line(status: Option<Status>) -> &'static str {
    match style::border(status) {
        Border::Plain | Border::Double => "",
        Border::Thick => " stroke-width=\"2.5\"",
        Border::Dashed => " stroke-dasharray=\"6 3\"",
        Border::DashDotted => " stroke-dasharray=\"8 3 1 3\"",
        Border::Dotted => " stroke-width=\"1.5\" stroke-dasharray=\"0.1 3.5\" stroke-linecap=\"round\"",
    }
}

/// The inner line of a double border, which is a path, so that there is one ellipse for each job.
pub(super) fn write_second(svg: &mut String, status: Option<Status>, center: Point, radii: Size) {
    if style::border(status) != Border::Double {
        return;
    }
    let (rx, ry) = (radii.width - BETWEEN_LINES, radii.height - BETWEEN_LINES);
    let (left, right) = (Number(center.x - rx), Number(center.x + rx));
    let (rx, ry, y) = (Number(rx), Number(ry), Number(center.y));
    svg.push_str(&format!(
        "<path fill=\"none\" stroke=\"{stroke}\" d=\"M{left},{y}A{rx},{ry} 0 1 1 {right},{y}A{rx},{ry} 0 1 1 {left},{y}Z\"/>\n",
        stroke = style::label_color(status),
    ));
}

/// The mark of a status, in the colour of the label beside it.
pub(super) fn write_mark(svg: &mut String, status: Status, center: Point) {
    write_mark_in(svg, status, center, style::label_color(Some(status)));
}

/// The same mark where there is no colour below it.
pub(super) fn write_dark_mark(svg: &mut String, status: Status, center: Point) {
    write_mark_in(svg, status, center, style::INK);
}

fn write_mark_in(svg: &mut String, status: Status, center: Point, color: &str) {
    let mark = style::mark(status);
    let (fill, stroke) = if mark.filled { (color, "none") } else { ("none", color) };
    svg.push_str(&format!(
        "<path class=\"mark\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"2\" d=\"{path}\"/>\n",
        path = path_at(mark.path, center),
    ));
}

/// A path of straight lines, moved. An attribute for that would give every mark of a page a coordinate system of its own,
/// and thousands of these cost a browser more than all that they are for.
fn path_at(path: &str, by: Point) -> String {
    let mut moved = String::with_capacity(2 * path.len());
    for step in path.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
        let (numbers, command) =
            step.split_at(step.len() - usize::from(!step.ends_with(|c: char| c.is_ascii_digit())));
        if let Some((x, y)) = numbers.split_once(',') {
            let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
            push_pair(&mut moved, by + Point { x: number(x), y: number(y) });
        }
        moved.push_str(command);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_moved() {
        let at = Point { x: 10.0, y: -2.5 };
        assert_eq!(path_at("M-4,-4L4,4.5M-4,4L4,-4", at), "M6,-6.5L14,2M6,1.5L14,-6.5");
        assert_eq!(path_at("M0,-4.5L5,4.5L-5,4.5Z", at), "M10,-7L15,2L5,2Z");
    }
}
