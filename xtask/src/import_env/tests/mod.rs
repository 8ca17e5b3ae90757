//! One `.env` of each of the four services, and what each amounts to: beside each file `NAME.env`
//! stands `NAME.txt`, what the terminal shows of it.

mod four;
mod rules;
