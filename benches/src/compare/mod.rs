//! Servers side by side: the same loads, alternating in one run, and the CPU time that each
//! server spends on a message.

mod cpu;
mod figures;
mod loads;
mod server;

pub use cpu::CpuTime;
pub use figures::{Cell, Row, median, print};
pub use loads::{Driver, LOADS, LoadPlan};
pub use server::{RunningServer, ServerCommand};
