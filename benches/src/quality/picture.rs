//! The visible content of an SVG: ellipses, and curves between them.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

/// A place in the picture.
pub type Point = (f64, f64);

/// Each Bézier curve becomes so many straight pieces.
const PIECES: usize = 10;

/// A node's ellipse.
#[derive(Debug, Clone, PartialEq)]
pub struct Ellipse {
    /// The node's name.
    pub name: String,
    /// Its centre.
    pub center: Point,
    /// Half its width and half its height.
    pub radii: Point,
}

/// An edge as a line of straight pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The numbers of the nodes that the edge joins.
    pub ends: (usize, usize),
    /// The corners of the line.
    pub points: Vec<Point>,
}

/// A picture of a graph.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// The nodes, in the order in which they are written.
    pub nodes: Vec<Ellipse>,
    /// The edges, in the order in which they are written.
    pub edges: Vec<Line>,
}

impl Picture {
    /// Reads the SVG of Graphviz, or one that is built like it.
    ///
    /// # Errors
    ///
    /// A text that says what is wrong: not XML, an element that lacks something, an edge between unknown nodes.
    pub fn read(svg: &str) -> Result<Self, String> {
        let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
        let document = Document::parse_with_options(svg, options).map_err(|error| error.to_string())?;
        let mut picture = Self::default();
        let mut numbers = BTreeMap::new();
        for group in groups(&document, "node") {
            let node = read_node(group)?;
            numbers.insert(node.name.clone(), picture.nodes.len());
            picture.nodes.push(node);
        }
        for group in groups(&document, "nest") {
            let node = read_nest(group)?;
            numbers.insert(node.name.clone(), picture.nodes.len());
            picture.nodes.push(node);
        }
        for group in groups(&document, "edge") {
            picture.edges.push(read_edge(group, &numbers)?);
        }
        Ok(picture)
    }
}

fn groups<'a>(document: &'a Document<'a>, class: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    document
        .descendants()
        .filter(move |node| node.has_tag_name("g") || node.tag_name().name() == "g")
        .filter(move |node| node.attribute("class") == Some(class))
}

fn child<'a>(group: Node<'a, 'a>, tag: &str) -> Result<Node<'a, 'a>, String> {
    let is_tag = |node: &Node| node.tag_name().name() == tag;
    group.descendants().find(is_tag).ok_or_else(|| format!("a group at {:?} has no <{tag}>", group.range()))
}

fn title(group: Node) -> Result<String, String> {
    Ok(child(group, "title")?.text().unwrap_or_default().to_owned())
}

fn number(node: Node, name: &str) -> Result<f64, String> {
    let text = node.attribute(name).ok_or_else(|| format!("no {name}"))?;
    text.parse().map_err(|_| format!("{name}: {text:?} is not a number"))
}

fn read_node(group: Node) -> Result<Ellipse, String> {
    let ellipse = child(group, "ellipse")?;
    Ok(Ellipse {
        name: title(group)?,
        center: (number(ellipse, "cx")?, number(ellipse, "cy")?),
        radii: (number(ellipse, "rx")?, number(ellipse, "ry")?),
    })
}

/// A closed nest, which is a rectangle.
fn read_nest(group: Node) -> Result<Ellipse, String> {
    let rect = child(group, "rect")?;
    let (width, height) = (number(rect, "width")?, number(rect, "height")?);
    let center = (number(rect, "x")? + width / 2.0, number(rect, "y")? + height / 2.0);
    Ok(Ellipse { name: title(group)?, center, radii: (width / 2.0, height / 2.0) })
}

fn read_edge(group: Node, numbers: &BTreeMap<String, usize>) -> Result<Line, String> {
    let title = title(group)?;
    // a name may hold an arrow itself
    let ends = title
        .match_indices("->")
        .find_map(|(at, _)| Some((*numbers.get(&title[..at])?, *numbers.get(&title[at + 2..])?)))
        .ok_or_else(|| format!("edge {title:?} is between unknown nodes"))?;
    let data = child(group, "path")?.attribute("d").unwrap_or_default();
    Ok(Line { ends, points: flatten(&read_curve(data)?) })
}

/// The points of `M x,y C x,y x,y x,y ...`.
fn read_curve(data: &str) -> Result<Vec<Point>, String> {
    let numbers = data.split([' ', ',', 'M', 'C']).filter(|text| !text.is_empty());
    let numbers: Vec<f64> = numbers
        .map(|text| text.parse().map_err(|_| format!("{text:?} in a path is not a number")))
        .collect::<Result<_, _>>()?;
    if numbers.len() < 8 || numbers.len() % 6 != 2 {
        return Err(format!("a path of {} numbers is not made of cubic curves", numbers.len()));
    }
    Ok(numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect())
}

fn flatten(curve: &[Point]) -> Vec<Point> {
    let mut points = vec![curve[0]];
    for start in (0..curve.len() - 1).step_by(3) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|offset| curve[start + offset]);
        for piece in 1..=PIECES {
            let t = piece as f64 / PIECES as f64;
            let u = 1.0 - t;
            let mix = |a, b, c, d| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
            points.push((mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1)));
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_graphviz_writes() {
        let svg = r##"<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"><g class="graph">
            <g class="node"><title>a</title><ellipse cx="27" cy="-90" rx="27" ry="18"/></g>
            <g class="node"><title>b-&gt;c</title><ellipse cx="27" cy="-18" rx="27" ry="18"/></g>
            <g class="edge"><title>a-&gt;b-&gt;c</title><path d="M27,-71.7C27,-63.98 27,-54.71 27,-46.11"/></g>
            </g></svg>"##;
        let picture = Picture::read(svg).unwrap();
        assert_eq!(picture.nodes[1].name, "b->c");
        assert_eq!(picture.nodes[0].center, (27.0, -90.0));
        assert_eq!((picture.edges[0].ends, picture.edges[0].points.len()), ((0, 1), 11));
        assert_eq!(picture.edges[0].points[10], (27.0, -46.11));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(Picture::read("<svg>").is_err());
        let svg = r#"<svg><g class="edge"><title>a</title></g></svg>"#;
        assert_eq!(Picture::read(svg).unwrap_err(), "edge \"a\" is between unknown nodes");
    }
}
