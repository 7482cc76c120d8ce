//! Judges pictures of graphs by what can be counted in a finished SVG.
//!
//! [`picture`] reads nodes and edges out of an SVG that follows Graphviz's conventions, [`metrics`] counts on
//! them, [`suite`] makes the graphs that are drawn. Nothing here knows how a picture came about.

pub mod picture;

pub mod metrics;

pub mod suite;
