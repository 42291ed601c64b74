// The installed headers and library in C++: finds a loss and prints its summary.
#include <core/plan.h>
#include <cstdio>

int main() {
  lossd_problem problem;
  const lossd_loss *loss = lossd_find("MSELoss", 7, &problem);
  if (!loss) return 1;
  std::printf("%s\n", loss->summary);
  return 0;
}
