//! Ratios as bars.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

/// Bars of one colour, one for each group.
#[derive(Clone, Debug)]
pub struct Bars {
    /// Their name in the legend.
    pub name: String,
    /// Their heights.
    pub values: Vec<Option<f64>>,
}

/// Draws groups of bars into an SVG file, with a line at 1.
///
/// # Errors
///
/// If the file cannot be written.
pub fn bars(path: &Path, title: &str, groups: &[String], all: &[Bars]) -> Result<(), Box<dyn Error>> {
    let highest = all.iter().flat_map(|bars| &bars.values).flatten().copied().fold(1.0, f64::max);
    let area = SVGBackend::new(path, (1_000, 500)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(40)
        .build_cartesian_2d(0.0..groups.len() as f64, 0.0..highest * 1.1)?;
    let group_at = |x: &f64| {
        let in_the_middle = (x.fract() - 0.5).abs() < 0.01;
        groups.get(*x as usize).filter(|_| in_the_middle).cloned().unwrap_or_default()
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(2 * groups.len() + 1)
        .x_label_formatter(&group_at)
        .draw()?;
    let width = 0.8 / all.len() as f64;
    for (at, bars) in all.iter().enumerate() {
        let color = Palette99::pick(at).to_rgba();
        let bar = |(group, value): (usize, &Option<f64>)| {
            let left = group as f64 + 0.1 + at as f64 * width;
            Some(Rectangle::new([(left, 0.0), (left + width, (*value)?)], color.filled()))
        };
        chart
            .draw_series(bars.values.iter().enumerate().filter_map(bar))?
            .label(bars.name.as_str())
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], color.filled()));
    }
    chart.draw_series([PathElement::new([(0.0, 1.0), (groups.len() as f64, 1.0)], BLACK)])?;
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(BLACK).draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Bars, bars};

    #[test]
    fn all_groups_and_names_are_in_the_picture() {
        let path = std::env::temp_dir().join(format!("dojobber-plot-{}.svg", std::process::id()));
        let some = |name: &str, values| Bars { name: name.to_owned(), values };
        let all = [some("one", vec![Some(0.5), None]), some("two", vec![Some(0.2), Some(2.0)])];
        bars(&path, "a title", &["chain".to_owned(), "fan".to_owned()], &all).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        for text in ["a title", "chain", "fan", "one", "two"] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }
}
