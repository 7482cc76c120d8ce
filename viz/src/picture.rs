//! The front door: a plan or a report becomes a picture.

use std::error::Error;
use std::fmt;
use std::path::Path;
#[cfg(feature = "dot")]
use std::time::Duration;

use dojobber_core::{Plan, Report};

use crate::errors::debug_for_people;
use crate::file::{WriteError, write_whole};
use crate::format::{Format, UnknownFormat};
#[cfg(feature = "dot")]
use crate::graphviz::{self, GraphvizError};
use crate::layout::{self, Direction, Layout};
use crate::note::Note;
#[cfg(feature = "png")]
use crate::png::{self, PngError};
use crate::scene::Scene;
use crate::view::View;
use crate::{html, mermaid, outline, svg};

/// A plan or a report, ready to be drawn.
///
/// ```
/// use dojobber::Graph;
/// use dojobber_viz::Picture;
/// use dojobber_viz::layout::Direction;
///
/// let plan = Graph::new()
///     .job("web").nest(Graph::new()
///         .job("build").run_only(|_| ())
///         .job("test").after("build").run_only(|_| ()))
///     .job("release").after("web").run_only(|_| ())
///     .compile()?;
/// let run = plan.run(());
///
/// let picture = Picture::from_report(&run).rankdir(Direction::Right).reduced(true).boxes(true).legend(false);
/// assert!(picture.to_svg().contains("class=\"box\""));
/// assert!(picture.to_mermaid().starts_with("flowchart LR\n"));
/// assert!(picture.to_text().starts_with("3 jobs: 3 changed\n"));
/// # Ok::<(), dojobber::BoxError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Picture {
    scene: Scene,
    report: Option<Report>,
    view: View,
    layout: layout::Options,
    svg: svg::Options,
    #[cfg(feature = "png")]
    png: png::Options,
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
        self.report = Some(report.clone());
        self
    }

    /// The same picture of a run that goes on, from its journal: jobs that have not ended have no colour, and those of
    /// which a phase goes on say so.
    #[must_use]
    pub fn so_far(mut self) -> Self {
        if let Some(report) = self.report.as_ref().filter(|report| !report.is_complete()) {
            self.scene.take_back_ends(report);
        }
        self
    }

    /// The same picture, laid out in another way.
    #[must_use]
    pub fn with_layout(mut self, options: layout::Options) -> Self {
        self.layout = options;
        self
    }

    /// Where edges lead to: downwards by default.
    #[must_use]
    pub fn rankdir(mut self, direction: Direction) -> Self {
        self.layout.direction = direction;
        self
    }

    /// Whether a legend says what the marks mean; it does by default.
    #[must_use]
    pub fn legend(mut self, yes: bool) -> Self {
        self.svg.legend = yes;
        self
    }

    /// Whether only jobs are shown that failed or would run, and those that they block; all are by default.
    #[must_use]
    pub fn only_failed(mut self, yes: bool) -> Self {
        self.view.only_failed = yes;
        self
    }

    /// Whether edges are left out that go without saying, as a longer path says the same; they stay by default.
    #[must_use]
    pub fn reduced(mut self, yes: bool) -> Self {
        self.view.reduced = yes;
        self
    }

    /// Whether nested jobs stand in a box; by default they stand among all others, unless edges would be too many.
    ///
    /// The job that they are nested in is the box itself, and edges that leave it begin at its border.
    #[must_use]
    pub fn boxes(mut self, yes: bool) -> Self {
        self.view.boxes = yes;
        self
    }

    /// Draws a nest as one thing with counts, in the colour of the worst that is inside. May be said of several.
    #[must_use]
    pub fn collapsed(mut self, name: impl Into<String>) -> Self {
        self.view.collapsed.push(name.into());
        self
    }

    /// Whether all nests are drawn as one thing each; not so by default.
    #[must_use]
    pub fn all_collapsed(mut self, yes: bool) -> Self {
        self.view.all_collapsed = yes;
        self
    }

    /// Whether labels tell how long a job took; they don't by default.
    #[must_use]
    pub fn times(mut self, yes: bool) -> Self {
        self.view.times = yes;
        self
    }

    /// How many pixels of a PNG one point becomes; 2 by default.
    #[cfg(feature = "png")]
    #[must_use]
    pub fn scale(mut self, scale: f32) -> Self {
        self.png.scale = scale;
        self
    }

    /// How many pixels a PNG may have, as each takes four bytes while it is drawn; 100 million by default. With more it is
    /// drawn smaller.
    #[cfg(feature = "png")]
    #[must_use]
    pub fn most_pixels(mut self, pixels: u64) -> Self {
        self.png.most_pixels = pixels;
        self
    }

    /// All that could be drawn.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// As SVG, whose elements follow Graphviz's conventions.
    pub fn to_svg(&self) -> String {
        let scene = self.shown();
        svg::write(&scene, &self.place(&scene), &self.svg)
    }

    /// As one page of HTML that needs nothing else. It can be searched and zoomed, lights up what belongs together,
    /// and of a run it shows what happened when, and why.
    pub fn to_html(&self) -> String {
        self.page().text
    }

    /// As a bitmap. It is drawn smaller if it would have more pixels than it may; [`draw`](Picture::draw) tells.
    ///
    /// # Errors
    ///
    /// [`PngError`] if it would be so small that nobody could read it.
    #[cfg(feature = "png")]
    pub fn to_png(&self) -> Result<Vec<u8>, PngError> {
        Ok(png::write(&self.to_svg(), &self.png)?.0)
    }

    /// As DOT, for Graphviz and all that reads its language.
    #[cfg(feature = "dot")]
    pub fn to_dot(&self) -> String {
        crate::dot::write(&self.shown(), self.layout.direction)
    }

    /// As a Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        mermaid::write(&self.shown(), self.layout.direction)
    }

    /// As a tree in plain text: what a job depends on is indented below it.
    pub fn to_text(&self) -> String {
        outline::write(&self.shown())
    }

    /// As an installed Graphviz draws it, in any of its own formats: `pdf`, `ps`, `svg`, ..
    ///
    /// # Errors
    ///
    /// [`GraphvizError`] if there is no program `dot`, it does not know the format, or takes longer than it may.
    #[cfg(feature = "dot")]
    pub fn by_graphviz(&self, format: &str, time_limit: Duration) -> Result<Vec<u8>, GraphvizError> {
        graphviz::draw(self.to_dot(), format, time_limit)
    }

    /// In one of our formats.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if it is a bitmap that nobody could read; the other formats are always there.
    pub fn to_format(&self, format: Format) -> Result<Vec<u8>, PictureError> {
        Ok(self.draw(format)?.bytes)
    }

    /// In one of our formats, with what is worth a word: that a bitmap is smaller than asked for, or lacks letters, or that
    /// a page holds only a part of very many jobs.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if it is a bitmap that nobody could read; the other formats are always there.
    pub fn draw(&self, format: Format) -> Result<Drawn, PictureError> {
        Ok(match format {
            Format::Svg => Drawn::of(self.to_svg()),
            Format::Html => {
                let page = self.page();
                Drawn {
                    bytes: page.text.into_bytes(),
                    notes: page.word.into_iter().map(Note::SummedUp).collect(),
                }
            }
            #[cfg(feature = "png")]
            Format::Png => {
                let (bytes, notes) = png::write(&self.to_svg(), &self.png)?;
                Drawn { bytes, notes }
            }
            #[cfg(feature = "dot")]
            Format::Dot => Drawn::of(self.to_dot()),
            Format::Mermaid => Drawn::of(self.to_mermaid()),
            Format::Text => Drawn::of(self.to_text()),
        })
    }

    /// Writes a file, in the format that its extension names. It is there as a whole or not at all.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if the extension names no format, or the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        let path = path.as_ref();
        let format = Format::of(path)?;
        Ok(write_whole(path, &self.to_format(format)?)?)
    }

    fn page(&self) -> html::Page {
        html::write(&self.scene, &self.view, &self.layout, self.report.as_ref())
    }

    fn shown(&self) -> Scene {
        self.view.of(&self.scene)
    }

    fn place(&self, scene: &Scene) -> Layout {
        layout::layout(&scene.to_layout_graph(), &self.layout)
    }
}

/// A picture in one of our formats.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Drawn {
    /// What a file of it holds.
    pub bytes: Vec<u8>,
    /// What is worth a word about it.
    pub notes: Vec<Note>,
}

impl Drawn {
    fn of(text: String) -> Self {
        Drawn { bytes: text.into_bytes(), notes: Vec::new() }
    }
}

impl From<Scene> for Picture {
    fn from(scene: Scene) -> Self {
        Picture {
            scene,
            report: None,
            view: View::default(),
            layout: layout::Options::default(),
            svg: svg::Options::default(),
            #[cfg(feature = "png")]
            png: png::Options::default(),
        }
    }
}

/// A picture was not drawn.
#[non_exhaustive]
pub enum PictureError {
    /// In that format there are none.
    UnknownFormat(UnknownFormat),
    /// The file cannot be written.
    Write(WriteError),
    /// It has no bitmap.
    #[cfg(feature = "png")]
    Png(PngError),
    /// Graphviz did not draw it.
    #[cfg(feature = "dot")]
    Graphviz(GraphvizError),
}

impl From<UnknownFormat> for PictureError {
    fn from(error: UnknownFormat) -> Self {
        PictureError::UnknownFormat(error)
    }
}

impl From<WriteError> for PictureError {
    fn from(error: WriteError) -> Self {
        PictureError::Write(error)
    }
}

#[cfg(feature = "png")]
impl From<PngError> for PictureError {
    fn from(error: PngError) -> Self {
        PictureError::Png(error)
    }
}

#[cfg(feature = "dot")]
impl From<GraphvizError> for PictureError {
    fn from(error: GraphvizError) -> Self {
        PictureError::Graphviz(error)
    }
}

impl PictureError {
    fn inner(&self) -> &(dyn Error + 'static) {
        match self {
            PictureError::UnknownFormat(error) => error,
            PictureError::Write(error) => error,
            #[cfg(feature = "png")]
            PictureError::Png(error) => error,
            #[cfg(feature = "dot")]
            PictureError::Graphviz(error) => error,
        }
    }
}

debug_for_people!(PictureError);

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

impl Error for PictureError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner().source()
    }
}
