// Package mask is the default scheme of secure summation: pairwise masks that
// cancel in the sum, a mask of one's own that a threshold can lift, and nobody
// who can lift it for two different sets (methods A1).
//
// The paper is K. Bonawitz et al., "Practical Secure Aggregation for
// Privacy-Preserving Machine Learning", CCS 2017; its figure 4 in our order:
//
//  1. Epoch setup ([NewEpochKey], [Encapsulate], [EpochKey.Decapsulate],
//     [PairSecret]): every pair of sites agrees on s_ij, once per study and set of
//     members.
//  2. Send ([RoundKey], [Mask], package share): y_i = x_i + PRG(b_i) ±
//     Σ PRG(k_ij), with b_i shared t-of-n, one sealed share per peer.
//  3. Consistency ([Confirmation], [Guard]): the lead announces the contributors
//     U; every site in U signs it once; a site helps after t equal signatures.
//  4. Unmask ([Party.Help], [Unmask]): a site gives its share of b_j for j in U,
//     and the round's key k_ij for j outside U, never both.
//
// Deviations from the paper, all from methods A1 and all because we have at
// most a few dozen standing servers instead of thousands of phones:
//
//   - Keys are agreed once per epoch with a hybrid post-quantum KEM (X-Wing)
//     in both directions, not per round with Diffie-Hellman; rounds derive
//     theirs, so one round's keys tell nothing about another's.
//   - A lost site's pairwise keys are not reconstructed from shares of its
//     private key: each contributor gives the one key of this round itself. The
//     long-term secret is thus never shared out. The price: when one site is
//     lost before the announcement and another after it, the round waits for the
//     other or is void ([Guard.Void]); with nobody lost before, any threshold of
//     helpers opens the sum.
//   - Shares are over the scalars of ristretto255 with a check tag (package
//     share), not over GF(2^8) as methods A1 says: a library that others review,
//     and a wrong share is noticed and its holder named. 16 bytes more per peer.
//   - Confirmations are not optional: the lead is never trusted to announce
//     one set only.
//
// Masks are AES-128 in counter mode. Every key is used for one vector; at
// 2^27 coordinates of 16 bytes a stream is 2^27 blocks, far from the 2^64 where
// the missing repetitions of a permutation would show.
package mask
