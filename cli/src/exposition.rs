//! Reads single values out of metrics in the text format of Prometheus.

use std::time::Duration;

/// The metrics of one moment.
pub(crate) struct Exposition(String);

impl Exposition {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The sum of a metric over all series that have `label`, or over all; `None` when there are none.
    pub(crate) fn sum(&self, metric: &str, label: Option<&str>) -> Option<f64> {
        let wanted = self.series(metric).filter(|(labels, _)| {
            label.is_none_or(|label| labels.split(',').any(|found| found == label))
        });
        wanted
            .map(|(_, value)| value)
            .reduce(|sum, value| sum + value)
    }

    /// The values of a metric whose series differ in one label, by that label's value.
    pub(crate) fn by<'m>(
        &'m self,
        metric: &'m str,
        label: &str,
    ) -> impl Iterator<Item = (&'m str, f64)> {
        let before = format!("{label}=\"");
        self.series(metric).filter_map(move |(labels, value)| {
            let name = labels.strip_prefix(&*before)?.strip_suffix('"')?;
            Some((name, value))
        })
    }

    /// Labels and value of each series.
    fn series<'m>(&'m self, metric: &'m str) -> impl Iterator<Item = (&'m str, f64)> {
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(metric)?;
            let (labels, value) = match rest.strip_prefix('{') {
                Some(rest) => rest.rsplit_once("} ")?,
                None => ("", rest.strip_prefix(' ')?),
            };
            Some((labels, value.trim().parse().ok()?))
        })
    }

    /// All the time that a histogram in seconds has seen.
    pub(crate) fn time(&self, metric: &str, label: Option<&str>) -> Option<Duration> {
        let seconds = self.sum(&format!("{metric}_sum"), label)?;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_series_of_one_metric() {
        let text = "# HELP stalls_total Stalls.\n# TYPE stalls_total counter\n\
            stalls_total{runtime=\"up\",worker=\"0\"} 2\nstalls_total{runtime=\"up\",worker=\"1\"} 1\n\
            stalls_total_other 7\nplain 4\n\
            stage_seconds_sum{stage=\"extract\"} 0.25\nstage_seconds_sum{stage=\"commit\"} 0.5\n";
        let metrics = Exposition::new(text.to_owned());
        assert_eq!(metrics.sum("stalls_total", None), Some(3.0));
        assert_eq!(metrics.sum("stalls_total", Some("worker=\"1\"")), Some(1.0));
        assert_eq!(metrics.sum("plain", None), Some(4.0));
        assert_eq!(metrics.sum("missing", None), None);
        let stages: Vec<_> = metrics.by("stage_seconds_sum", "stage").collect();
        assert_eq!(stages, [("extract", 0.25), ("commit", 0.5)]);
        let extract = metrics.time("stage_seconds", Some("stage=\"extract\""));
        assert_eq!(extract, Some(Duration::from_millis(250)));
    }
}
