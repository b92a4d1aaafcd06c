// The changes of the cloud that are written down before they are begun. Each action has one
// function that carries its intent to an end from whatever state the cloud is in: the duty that
// begins it and the recovery after a kill run the same.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/duty.h"
#include "common/ipam/cloud.h"

namespace catena::agent {

inline constexpr const char* kCreateEni = "create-eni";     // create, attach
inline constexpr const char* kDeleteEni = "delete-eni";     // detach, delete
inline constexpr const char* kAssign = "assign-addresses";  // addresses of an ENI
inline constexpr const char* kUnassign = "unassign-addresses";
inline constexpr const char* kCreateRoute = "create-route";
inline constexpr const char* kDeleteRoute = "delete-route";

// Tags of every ENI we make; the last tells which intent made it.
inline constexpr const char* kOwnerTag = "catena-owner";
inline constexpr const char* kOwner = "catena";
inline constexpr const char* kClusterTag = "catena-cluster";
inline constexpr const char* kNodeTag = "catena-node";  // the instance's id
inline constexpr const char* kModeTag = "catena-mode";
inline constexpr const char* kIntentTag = "catena-intent";

// The first time its cloud call is made, or after whatever happened.
enum class Begun { kNow, kBefore };

// What is on a node after it grew.
struct Grown {
  ipam::Eni eni;
  std::vector<base::IpAddress> addresses;  // the new ones
};

// Empty where `intent` has no such parameter.
std::string parameter(const ipam::Intent& intent, const std::string& name);
// 0 where it is empty or no number.
int number_in(const ipam::Intent& intent, const std::string& name);
std::string value_of(const std::vector<cloud::Tag>& tags, std::string_view key);
// Younger than kTokenLife: its ClientToken still says what became of it.
bool is_young(const Duty& duty, const ipam::Intent& intent);
// The end of an intent, with what it brought.
base::Status end(Duty& duty, const ipam::Intent& intent, ipam::CloudChange change = {});

// Creates and attaches. What can't be attached is deleted again, and the reason returned.
base::Result<Grown> finish_create_eni(Duty& duty, ipam::Intent intent, Begun begun);

// The same for several ENIs, which are attached side by side.
class Attachments {
 public:
  // `duty` must outlive it.
  explicit Attachments(Duty& duty);
  Attachments(Attachments&&) noexcept;
  Attachments& operator=(Attachments&&) noexcept;
  ~Attachments();

  // The ENI of `intent` is made and its attachment begun. After an error that can't have made one
  // the intent is at its end; after any other it stays.
  base::Status begin(ipam::Intent intent, Begun begun);
  // Until each is attached or given up; in the order in which they were begun.
  std::vector<base::Result<Grown>> finish();

 private:
  class Attaching;
  base::Result<bool> wait(Millis time, const std::string& what);
  bool a_nic_came();
  Duty* duty_;
  std::vector<Attaching> going_;
};

// Carries to an end what earlier calls began: ENIs of that mode, and addresses of any.
base::Result<std::vector<base::Result<Grown>>> settle_growth(Duty& duty, std::string_view mode);

// What earlier calls began to give back and did not finish: until its end it takes the room of new
// ENIs and addresses.
class Releases {
 public:
  // `duty` must outlive it.
  explicit Releases(Duty& duty) : duty_(&duty) {}
  // Carries to its end the oldest that was not tried before; false: there is none.
  base::Result<bool> settle_next();

 private:
  Duty* duty_;
  std::set<std::string> tried_;
};

// Detaches and deletes, whatever state the ENI is in; success when it is gone.
base::Status finish_delete_eni(Duty& duty, const ipam::Intent& intent);
base::Result<Grown> finish_assign(Duty& duty, const ipam::Intent& intent, Begun begun);
base::Status finish_unassign(Duty& duty, const ipam::Intent& intent);
base::Result<ipam::Route> finish_create_route(Duty& duty, const ipam::Intent& intent);
base::Status finish_delete_route(Duty& duty, const ipam::Intent& intent);

}  // namespace catena::agent
