//! The stories: the whole house, told as its users live it. One binary, so that it is linked once.
//!
//! | story | promises |
//! | --- | --- |
//! | `house` | the code keeps its own rules |
//! | `first_run`, `sdk`, `recordings` | what a client sees, and what is stored of it |
//! | `agents` | coding agents finish a turn with a tool call; in `make test` what they send, in `make prove` themselves |
//! | `conformance` | suites of others find no fault in what we translate |
//! | `sdk_batches` | files and batches by the SDKs; what a batch consumed is counted once |
//! | `sdk_clients` | the libraries programs are made of, each in every format it speaks |
//! | `sdk_realtime` | a session over a WebSocket gives an SDK its provider's events, and is one row |
//! | `sdk_crossed` | every SDK calls tools of models that speak another format |
//! | `api` | the JSON API keeps to its own description |
//! | `faults` | providers that fail: what the client gets, what is on record |
//! | `kill`, `away` | nothing is lost, nothing is twice, traffic goes on |
//! | `endpoints` | client certificates, tests of endpoints, aliases, an earlier revision brought back |
//! | `keys` | a key is rotated and no request fails |
//! | `people` | a colleague is invited and sees figures but no bodies; rights change on open pages; a way back in |
//! | `doors` | guesses are slowed and shut nobody out; a planted session is worth nothing |
//! | `canaries` | secrets are found nowhere |
//! | `publish` | a policy arrives whole, or not at all |
//! | `at_once` | a revoked key, a kill switch, a drained gateway: in force everywhere at once |
//! | `store` | PostgreSQL by URL |
//! | `backup` | what was lost comes back the same; the master key changes under traffic |
//! | `deploy`, `shell` | what is shipped for deployment and the command line is right |
//! | `traffic` | a month of samples comes and goes |
//! | `tie` | every figure is the same figure |
//! | `otel` | other tools read the traces |
//! | `requests` | overview, groups, views, live rows, exports: the same figures everywhere |
//! | `speed` | pages over a million requests |
//! | `pages` | the dashboard in a real browser; hundreds of hostile texts stay text |

mod agents;
mod api;
mod at_once;
mod away;
mod backup;
mod canaries;
mod conformance;
mod deploy;
mod doors;
mod endpoints;
mod faults;
mod first_run;
mod house;
mod keys;
mod kill;
mod load;
mod otel;
mod pages;
mod people;
mod publish;
mod recordings;
mod requests;
mod sdk;
mod sdk_batches;
mod sdk_clients;
mod sdk_crossed;
mod sdk_realtime;
mod sdk_routes;
mod shell;
mod speed;
mod store;
mod tie;
mod traffic;
