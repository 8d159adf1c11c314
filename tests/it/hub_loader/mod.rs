//! The whole protocol with the Hub, without a connection: a written Hub answers what the exchange asks for.

mod found;
mod hostile;
mod refused;
mod written;
