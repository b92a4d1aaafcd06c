#include "cli/store_view.h"

#include <cerrno>
#include <unistd.h>

namespace catena::cli {

base::Result<ipam::Store> open_store(const Options& options) {
  const std::string journal = options.state_dir + "/journal";
  if (::access(journal.c_str(), F_OK) != 0 && errno == ENOENT) {
    return base::Error(base::ErrorKind::kNotFound, "there is no store in " + options.state_dir)
        .advice("the first pod or ENI makes one; --state-dir names another place");
  }
  return ipam::Store(options.state_dir, {});
}

base::Result<std::vector<ipam::Eni>> enis_of_pods(ipam::Store& store) {
  std::vector<ipam::Eni> enis;
  for (ipam::EniStock& stock : TRY(store.stock())) {
    if (stock.serves() && stock.ipv4.bound + stock.ipv6.bound != 0) {
      enis.push_back(std::move(stock.eni));
    }
  }
  return enis;
}

bool is_of_a_pod(const ipam::Record& record) {
  return record.state == ipam::State::kBound && record.owner.if_name != ipam::kIntentInterface;
}

}  // namespace catena::cli
