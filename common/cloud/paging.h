// Listings read to their end, within one budget.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/cloud/client.h"
#include "common/cloud/reader.h"

namespace catena::cloud {

struct Listing {
  Product product = Product::kEcs;
  std::string_view action;
  std::string_view outer;  // where the items are: {"<outer>": {"<inner>": [...]}}
  std::string_view inner;
  // "MaxResults" or "MaxResult", with NextToken; "PageSize", with PageNumber and TotalCount.
  std::string_view size_name;
  int size = 100;
};

// Gives `take` every item of all pages, once all of them are there. A page token that went stale
// begins the listing anew, a few times.
base::Status for_each_item(Client& client, const Listing& listing, const Params& params,
                           const CallOptions& options,
                           const std::function<void(const Reader&)>& take);

// `ids` in parts of at most `most`; one empty part for no ids, which asks without a condition.
std::vector<std::vector<std::string>> parts_of(const std::vector<std::string>& ids,
                                               std::size_t most);

}  // namespace catena::cloud
