// What an error of the OpenAPI means for the one who called. Decided by its Code, never by the HTTP
// status: the same Code comes with several.
#pragma once

#include <string_view>

#include "common/base/result.h"

namespace catena::cloud {

enum class ErrorClass {
  kThrottled,   // rate exceeded: later, with the same ClientToken
  kRetry,       // passing: later, with the same ClientToken; without one read the state first
  kState,       // the object is not in the right state, or another task holds it: read, wait, retry
  kQuota,       // a limit or an empty vSwitch: another resource, or a long wait
  kNotFound,    // does not exist; on the way out that is success
  kPermanent,   // request, configuration or rights: fast repetition is useless
  kCredential,  // key or token refused although read anew once
};

// What the caller does once call() has given up.
enum class Reaction {
  kLater,               // the same again, with the same ClientToken
  kReadState,           // describe the object and go on from what is found
  kGone,                // delete, detach and unassign are done; anything else forgets the object
  kResync,              // our idea of what the ENI or instance holds is wrong: read it anew
  kOtherVSwitch,        // this vSwitch is full or unusable: take another of the zone
  kOtherSecurityGroup,  // this security group is full
  kOtherAddress,        // the address is somebody else's
  kNewToken,            // the ClientToken is burnt: read the state, then go on with a new one
  kAdoptOrReplace,      // a route entry for that block is there: ours if its next hop is ours
  kRestartListing,      // the page token is stale
  kWouldSucceed,        // DryRunOperation: no failure
  kSlowly,              // an admin has to act: try again in minutes, tell about it
};

// By Error::code(); where no table knows the code, by the error's kind: kTryAgain is kRetry,
// kNotFound is kNotFound, all else kPermanent.
ErrorClass class_of(const base::Error& error);
Reaction reaction_to(const base::Error& error);

// The call failed so that the cloud may have carried it out: no answer, an unreadable one, or an
// internal error. Read the state before repeating it without a ClientToken.
bool may_have_been_done(const base::Error& error);

// Whether the code is `family` itself or one of its members: "Throttling.User" is of "Throttling".
bool is_of_family(std::string_view code, std::string_view family);

// Code of an answer that is neither a result nor an error of the OpenAPI.
inline constexpr std::string_view kGarbage = "Response.Garbage";

// What a table says of a code as it came with an HTTP status.
struct Verdict {
  ErrorClass error_class = ErrorClass::kPermanent;
  Reaction reaction = Reaction::kSlowly;
  base::ErrorKind kind = base::ErrorKind::kInternal;
  std::string_view advice;  // what the admin can do; empty where there is nothing to do
};
Verdict verdict_on(std::string_view code, int http_status);

}  // namespace catena::cloud
