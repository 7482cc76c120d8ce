//! Developer logging, which costs nothing without the feature `tracing`.

/// `debug!(key = value, .., "text")`
macro_rules! debug {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        ::tracing::debug!(target: "dojobber", $($arg)+)
    };
}

/// `trace!(key = value, .., "text")`, for where it must not be in the way.
macro_rules! trace {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        if ::tracing::level_enabled!(::tracing::Level::TRACE) {
            $crate::log::aside(|| ::tracing::trace!(target: "dojobber", $($arg)+));
        }
    };
}

#[cfg(feature = "tracing")]
#[cold]
#[inline(never)]
pub(crate) fn aside(log: impl FnOnce()) {
    log();
}

/// `warn!(key = value, .., "text")`
macro_rules! warning {
    ($($arg:tt)+) => {
        #[cfg(feature = "tracing")]
        ::tracing::warn!(target: "dojobber", $($arg)+)
    };
}

pub(crate) use {debug, trace, warning};
