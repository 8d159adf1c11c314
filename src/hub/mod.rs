//! The Hugging Face Hub: what can be asked for, what comes back, what can go wrong.
