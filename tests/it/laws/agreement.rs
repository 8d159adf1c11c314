//! Two ways of asking the same thing have the same answer.

use proptest::prelude::*;
use weighbridge::analysis::{Verdict, analyse};
use weighbridge::scenario::{Mode, Scenario};

use super::{any_device, cases, large_model};

proptest! {
    #![proptest_config(cases(200))]

    /// A server with one request writes as fast as one that decodes it.
    #[test]
    fn a_server_of_one_decodes(
        blueprint in large_model(),
        device in any_device(),
        prompt in 1u64..64,
        count in proptest::sample::select(vec![1u64, 2, 4, 8]),
    ) {
        let asked = |mode| Scenario::default().with(|s| { s.workload.mode = mode; s.workload.prompt = prompt; s.workload.generate = Some(2048); s.hardware.devices = count; s.hardware.device = Some(device.clone()); });
        let (Ok(decode), Ok(serve)) = (analyse(&blueprint, &asked(Mode::Decode)), analyse(&blueprint, &asked(Mode::Serve))) else { return Ok(()) };
        prop_assume!(decode.fit.as_ref().unwrap().verdict == Verdict::Fits);
        let (Some(speed), Some(serving)) = (&decode.speed, &serve.serving) else { return Ok(()) };
        let pass = speed.pass.as_ref().unwrap();
        let between = (serving.tpot * serving.spread.0, serving.tpot * serving.spread.1);
        prop_assert!(pass.low <= serving.tpot && serving.tpot <= pass.high, "{} s is not {} to {}", serving.tpot, pass.low, pass.high);
        prop_assert!(between.0 <= pass.seconds && pass.seconds <= between.1, "{} s is not {:?}", pass.seconds, between);
    }
}
