//! The front door: a plan or a report becomes a picture.

use std::path::Path;

use dojobber_core::{Plan, Report};

use crate::file::{Why, WriteError, write_whole};
use crate::layout::{self, Options};
use crate::scene::Scene;
use crate::svg;

/// A plan or a report, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Picture {
    scene: Scene,
    options: Options,
}

/// The formats that pictures are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A drawing that browsers show.
    Svg,
    /// The language of Graphviz.
    #[cfg(feature = "dot")]
    Dot,
}

impl Picture {
    /// What a plan is made of; no job has a colour yet.
    pub fn of<A>(plan: &Plan<'_, A>) -> Self {
        Picture::from(Scene::of(plan.graph()))
    }

    /// How a run went, of which only the report is left.
    pub fn from_report(report: &Report) -> Self {
        Picture::from(Scene::of(report.graph())).with(report)
    }

    /// The same picture with the outcome of a run. Jobs that are not in the report keep the colour that they have.
    #[must_use]
    pub fn with(mut self, report: &Report) -> Self {
        self.scene.add_statuses(report);
        self
    }

    /// The same picture, laid out in another way.
    #[must_use]
    pub fn with_layout(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// What is drawn.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// As SVG, whose elements follow Graphviz's conventions.
    pub fn to_svg(&self) -> String {
        svg::write(&self.scene, &layout::layout(&self.scene.to_layout_graph(), &self.options))
    }

    /// As DOT, for Graphviz and all that reads its language.
    #[cfg(feature = "dot")]
    pub fn to_dot(&self) -> String {
        crate::dot::write(&self.scene)
    }

    /// In one of the formats.
    pub fn to_format(&self, format: Format) -> String {
        match format {
            Format::Svg => self.to_svg(),
            #[cfg(feature = "dot")]
            Format::Dot => self.to_dot(),
        }
    }

    /// Writes a file, in the format that its extension names. It is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if the extension names no format, or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        write_whole(path, self.to_format(format).as_bytes())
    }
}

impl From<Scene> for Picture {
    fn from(scene: Scene) -> Self {
        Picture { scene, options: Options::default() }
    }
}

impl Format {
    /// All of them.
    #[cfg(feature = "dot")]
    pub const ALL: [Format; 2] = [Format::Svg, Format::Dot];
    /// All of them.
    #[cfg(not(feature = "dot"))]
    pub const ALL: [Format; 1] = [Format::Svg];

    /// The format that the extension of a path names, in upper or lower case.
    ///
    /// # Errors
    ///
    /// [`WriteError`], which lists the known ones, if it names none.
    pub fn of(path: &Path) -> Result<Self, WriteError> {
        let named = |format: &Format| {
            path.extension().is_some_and(|found| found.eq_ignore_ascii_case(format.extension()))
        };
        let unknown = || WriteError { path: path.to_owned(), why: Why::UnknownFormat };
        Format::ALL.into_iter().find(named).ok_or_else(unknown)
    }

    /// The usual extension of its files.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            #[cfg(feature = "dot")]
            Format::Dot => "dot",
        }
    }
}
