//! Developer logging, which costs nothing without the feature `tracing`.

/// `debug!(key = value, .., "text")`
macro_rules! debug {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        ::tracing::debug!(target: "dojobber", $($arg)+)
    };
}

/// `trace!(key = value, .., "text")`
macro_rules! trace {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        ::tracing::trace!(target: "dojobber", $($arg)+)
    };
}

/// `warn!(key = value, .., "text")`
macro_rules! warning {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        ::tracing::warn!(target: "dojobber", $($arg)+)
    };
}

pub(crate) use {debug, trace, warning};
