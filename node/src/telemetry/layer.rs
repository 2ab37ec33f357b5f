//! The layer between `tracing` and the lines: it remembers the fields of open spans and writes one line an event.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use smsgrid::model::Name;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::line::{Form, Line};
use super::queued::Dropped;
use super::smsd_log::SmsdLog;

/// Where the lines go.
pub type Sink = Box<dyn Write + Send>;

/// Writes events as lines.
pub(super) struct LineLayer(Lines);

/// The form of the lines, and where they go.
enum Lines {
    Own { form: Form, node: Name, sink: Mutex<Sink> },
    Smsd(SmsdLog),
}

impl LineLayer {
    /// Writes events of `node` to `sink`.
    pub(super) fn new(form: Form, node: &Name, sink: Sink) -> LineLayer {
        LineLayer(Lines::Own { form, node: node.clone(), sink: Mutex::new(sink) })
    }

    /// Writes events as smsd does.
    pub(super) fn smsd(log: SmsdLog) -> LineLayer {
        LineLayer(Lines::Smsd(log))
    }
}

/// Writes the line of `node` that says how many others were dropped.
pub(super) fn dropped(form: Form, node: &Name) -> Dropped {
    let node = node.clone();
    Box::new(move |count| {
        let what = "lines of the log were dropped here: they were not read, or could not be written";
        let fields = Fields::of(&[("event", "log.dropped"), ("message", &format!("{count} {what}"))]);
        let (time, level, source) = (SystemTime::now(), tracing::Level::WARN, module_path!());
        Line { time, level, source, node: node.as_str(), fields: &fields }.written(form)
    })
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.extend(of_span);
            }
        }
        let mut of_event = Fields::default();
        event.record(&mut of_event);
        fields.extend(&of_event);
        let level = *event.metadata().level();
        let (form, node, sink) = match &self.0 {
            Lines::Own { form, node, sink } => (*form, node, sink),
            Lines::Smsd(log) => return log.event(level, &fields),
        };
        let line = Line {
            time: SystemTime::now(),
            level,
            source: event.metadata().target(),
            node: node.as_str(),
            fields: &fields,
        };
        let text = line.written(form);
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        // One write a line, so that lines of several processes do not mix; nobody is left to tell of a failure.
        let _ = sink.write_all(text.as_bytes()).and_then(|()| sink.flush());
    }
}
