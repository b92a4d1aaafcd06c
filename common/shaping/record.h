// What is known of shaped pods between calls: a file for each attachment in `state_dir`/shaped.
// The plugin leaves one for every pod, limited or not, so that limits can follow its annotations
// while it runs. A record is only a hint: whatever is shaped is found without it too. Written
// whole or not at all, but not synced: after a power cut the pods are gone as well.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/record_folder.h"
#include "common/base/result.h"
#include "common/shaping/shaping.h"

namespace catena::shaping {

struct Record {
  Shaped shaped;      // without pipes where nothing was limited: they are looked for then
  std::string netns;  // path of the pod's namespace
  // What the runtime said of the pod; may be empty.
  std::string pod_namespace;
  std::string pod_name;
  std::string pod_uid;
  // The configuration itself says the rates: annotations don't count.
  bool fixed = false;
  Rates rates;  // those in force
};

// Of one state directory. Nothing is made before the first write.
class Records {
 public:
  explicit Records(const std::string& state_dir) : folder_(state_dir + "/shaped") {}

  base::Status write(const Record& record) const;
  // Nothing where there is none; kUndecodable where it can't be read as one.
  base::Result<std::optional<Record>> find(const std::string& container_id,
                                           const std::string& if_name) const;
  // All that can be read; what can't is left out and named in `notices`.
  base::Result<std::vector<Record>> list(std::vector<std::string>& notices) const;
  // Also ok where there is none.
  base::Status remove(const std::string& container_id, const std::string& if_name) const;

  // Gives a running pod other rates and notes them. Also ok where the pod is gone, or goes
  // meanwhile: nothing is left behind then.
  base::Status reshape(Record record, const Rates& rates) const;

 private:
  base::Result<std::optional<Record>> read(const std::string& name) const;
  base::RecordFolder folder_;
};

}  // namespace catena::shaping
