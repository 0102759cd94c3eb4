// Package engine is a run of a study as a pure state machine: the party half at
// every site, the lead half at one of them. It serves the roles, which give it
// events and send its messages, and it refuses whatever a lead, a peer or a hub
// says that does not follow from what was signed and agreed.
//
// A run in messages: every site decides and sends its epoch key; the lead forms
// the roster; the sites agree on pairwise keys; then, round by round, the lead
// asks, the sites contribute masked vectors, confirm whose vectors are in the
// sum, and after a quorum of confirmations lift the masks of exactly that set.
// The opened sum and the public state that follows from it are advanced by every
// site for itself. At the end all contributors sign one receipt.
//
// A run is a function of its journaled events, so a process killed at any
// instant replays them and goes on, sending again what it sent before.
package engine
