// Package verify lets every site check that the sum which the lead opened is
// the sum of what the sites hold (methods A7): a random linear check, three
// messages of a few dozen bytes, no curves.
//
//  1. With its masked vector a site sends [Commit] of the vector in it.
//  2. The lead opens the sum S and names it to all. Only then the [Transcript]
//     (terms, contributors, commitments, masked vectors, S) gives the public
//     [Coin] v, uniform in F_p^d.
//  3. Each site answers with σ_i = ⟨v, x_i⟩ under [Coin.MaskScalar], signed, by
//     way of another site than the lead, so that all sites see all of them.
//  4. Each site accepts when ⟨v, S⟩ = Σσ_i ([Coin.Check]).
//
// Soundness. Let T be the integer sum of the signed lifts of the x_i. S passes
// when ⟨v, S−T⟩ = 0 mod p. Where S−T is not zero mod p in some coordinate that
// happens for exactly 1/p of all v, 5.9e-39. It is never zero mod p by accident:
// in 64-bit segments |S| < 2^63 and |T| < 2^62 (package fixed), in 128-bit ones
// |S| < 2^126 (checked here) and |T| < 2^126 (package fixed), so that
// 0 < |S−T| < 2^127−1 = p. A site that lies about σ_i makes the check fail, or
// has in effect contributed another vector; a commitment opened to an auditor
// ([Audit]) tells. What the check adds to what is known is ⟨v, S⟩, a function of S.
//
// Three deviations from methods A7, each because the letter of it is unsound here:
//
//   - The field is F_{2^127−1}, not F_{2^61−1}. Modulo 2^61−1 a lead may add
//     2^61−1 to any coordinate unseen, since sums reach 2^62 in the ring of 64
//     bits and 2^126 in that of 128.
//   - S is part of the transcript. If the coin fell when the masked vectors are
//     in, a lead could choose S ≠ T after it with ⟨v, S−T⟩ = 0.
//   - For the same reason the field must be large: a lead can try sums offline
//     until a coin suits it, 2^61 trials would be within reach, 2^127 are not.
//
// Masked scalars go to all sites, not to one router: a router in league with
// the lead could otherwise name whatever sum fits.
package verify
