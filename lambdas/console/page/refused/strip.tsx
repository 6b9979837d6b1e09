/** A bar for each hour, so that one sees when it began and whether it has stopped. */
export function Strip({ hours }: { hours: readonly number[] }) {
  const most = Math.max(1, ...hours);
  const height = 20;
  return (
    <svg class="strip" viewBox={`0 0 ${hours.length} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {hours.map((count, at) => {
        const size = count ? Math.max(2, (count / most) * height) : 0;
        return size > 0 && <rect key={at} x={at} y={height - size} width="1" height={size} />;
      })}
    </svg>
  );
}
