//! How use cases refuse: a small enum for each, with the contract's code for every variant.

use parlor_model::ErrorCode;
use parlor_store::StoreError;

/// A refusal or a failure, ready for a door to render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The caller's fault, with the contract's code.
    Code(ErrorCode),
    /// The store's failure.
    Store(StoreError),
}

/// Declares a use case's error: each variant with its [`ErrorCode`], and the store's failures beside them.
macro_rules! errors {
    ($(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident $(($inner:ty))? => $code:expr; )+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$doc])* $variant $(($inner))?, )+
            /// The store failed; nothing was changed.
            Store(parlor_store::StoreError),
        }

        impl From<parlor_store::StoreError> for $name {
            fn from(error: parlor_store::StoreError) -> Self {
                Self::Store(error)
            }
        }

        impl From<$name> for $crate::Refusal {
            fn from(error: $name) -> Self {
                #[allow(unused_imports)]
                use parlor_model::ErrorCode;
                match error {
                    $( $crate::error::variant!($name $variant $(($inner))?, inner) =>
                        $crate::Refusal::Code($crate::error::code!($code $(, $inner, inner)?)), )+
                    $name::Store(error) => $crate::Refusal::Store(error),
                }
            }
        }
    };
}

macro_rules! variant {
    ($name:ident $variant:ident, $bound:ident) => {
        $name::$variant
    };
    ($name:ident $variant:ident ($inner:ty), $bound:ident) => {
        $name::$variant($bound)
    };
}

macro_rules! code {
    ($code:expr) => {
        $code
    };
    ($code:expr, $inner:ty, $bound:ident) => {
        ($code)($bound)
    };
}

pub(crate) use {code, errors, variant};
