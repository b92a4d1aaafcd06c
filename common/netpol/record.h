// What is known of pods under NetworkPolicy between calls: a file for each attachment in
// `state_dir`/policy/pods. Written whole or not at all; what a power cut leaves is of no pod any
// more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/record_folder.h"
#include "common/base/result.h"

namespace catena::netpol {

struct Record {
  std::string network;  // whose attachment it is: GC of one network leaves those of others alone
  std::string container_id;
  std::string if_name;    // inside the pod
  std::string netns;      // path of the pod's namespace
  std::string host_link;  // the veth's end on the node; empty where none is known
  bool own_nic = false;   // an ENI of its own: its rules are inside its namespace as well
  std::vector<base::IpAddress> addresses;
  std::string pod_namespace;  // all three may be empty: nobody knows which pod it is
  std::string pod_name;
  std::string pod_uid;
  bool closed_while_unknown = true;
  bool operator==(const Record&) const = default;

  // LocalPod::id: 16 hexadecimal digits of a hash of container and interface.
  std::string id() const;
};

nlohmann::json to_json(const Record& record);
// kUndecodable, naming the field.
base::Result<Record> record_of(const nlohmann::json& json);

// Flows of a pod outlive it: until somebody has made the kernel forget those of its addresses, they
// are in `state_dir`/policy/left, and whoever gives one of them to another pod does so first.
//
// Of one state directory. Nothing is made before the first write. Any number of processes.
class Records {
 public:
  explicit Records(const std::string& state_dir)
      : folder_(state_dir + "/policy/pods"), left_(state_dir + "/policy/left") {}
  const std::string& directory() const { return folder_.path(); }

  base::Status write(const Record& record) const;
  // Nothing where there is none.
  base::Result<std::optional<Record>> find(const std::string& container_id,
                                           const std::string& if_name) const;
  bool has(const std::string& container_id, const std::string& if_name) const;
  // All that can be read, those written last at the end; what can't is left out and named in
  // `notices`.
  base::Result<std::vector<Record>> list(std::vector<std::string>& notices) const;
  // Its addresses are left then. Also ok where there is none.
  base::Status remove(const std::string& container_id, const std::string& if_name) const;

  base::Result<std::vector<base::IpAddress>> left() const;
  std::vector<base::IpAddress> left_among(const std::vector<base::IpAddress>& addresses) const;
  base::Status settle(const std::vector<base::IpAddress>& addresses) const;

 private:
  base::Result<std::optional<Record>> read(const std::string& name) const;
  base::RecordFolder folder_;
  base::RecordFolder left_;
};

}  // namespace catena::netpol
