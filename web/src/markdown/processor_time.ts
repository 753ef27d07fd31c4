/** What `work` takes of the processor, in milliseconds: unlike the clock's time it does not depend
 * on what else the machine is doing. For tests; the page has no `process`. */
export function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const spent = process.cpuUsage(before);
  return (spent.user + spent.system) / 1000;
}
