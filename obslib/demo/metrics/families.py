"""Every metric of the demo by its exporter's own name: type, unit and help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """Type (counter, gauge, histogram), unit (UCUM) and help of one metric."""

    kind: str
    unit: str
    text: str


def _families(kind: str, listed: dict[str, tuple[str, str]]) -> dict[str, Family]:
    return {name: Family(kind, unit, text) for name, (unit, text) in listed.items()}


_COUNTERS = {
    "node_cpu_seconds_total": ("s", "Seconds the CPUs spent in each mode."),
    "node_disk_io_time_seconds_total": ("s", "Total seconds spent doing I/Os."),
    "node_disk_read_bytes_total": ("By", "The total number of bytes read successfully."),
    "node_disk_written_bytes_total": ("By", "The total number of bytes written successfully."),
    "node_network_receive_bytes_total": ("By", "Network device statistic receive_bytes."),
    "node_network_transmit_bytes_total": ("By", "Network device statistic transmit_bytes."),
    "node_netstat_Tcp_RetransSegs": ("{segment}", "Statistic TcpRetransSegs."),
    "node_pressure_cpu_waiting_seconds_total": ("s", "Total time in seconds that processes have waited for CPU time."),
    "container_cpu_usage_seconds_total": ("s", "Cumulative cpu time consumed in seconds."),
    "container_cpu_cfs_periods_total": ("{period}", "Number of elapsed enforcement period intervals."),
    "container_cpu_cfs_throttled_periods_total": ("{period}", "Number of throttled period intervals."),
    "container_network_receive_bytes_total": ("By", "Cumulative count of bytes received."),
    "container_network_transmit_bytes_total": ("By", "Cumulative count of bytes transmitted."),
    "kube_pod_container_status_restarts_total": ("{restart}", "The number of container restarts per container."),
    "http_requests_total": ("{request}", "HTTP requests answered, by service, method, route and status code."),
    "http_client_requests_total": ("{request}", "Outgoing HTTP requests, by peer and status code."),
    "http_client_retries_total": ("{retry}", "Outgoing HTTP requests that were sent again."),
    "db_client_connections_wait_time_seconds_sum": ("s", "Time it took to obtain a connection from the pool, summed."),
    "db_client_connections_timeouts_total": ("{timeout}", "Attempts to obtain a connection that timed out."),
    "pg_stat_database_xact_commit": ("{transaction}", "Transactions in this database that have been committed."),
    "pg_stat_database_xact_rollback": ("{transaction}", "Transactions in this database that have been rolled back."),
    "pg_stat_database_blks_hit": ("{block}", "Disk blocks found already in the buffer cache."),
    "pg_stat_database_blks_read": ("{block}", "Disk blocks read."),
    "pg_stat_database_tup_fetched": ("{row}", "Rows fetched by queries."),
    "pg_stat_database_tup_inserted": ("{row}", "Rows inserted by queries."),
    "pg_stat_database_deadlocks": ("{deadlock}", "Deadlocks detected."),
    "pg_stat_statements_calls_total": ("{call}", "Times the statement was executed."),
    "pg_stat_statements_seconds_total": ("s", "Total time spent in the statement."),
    "redis_keyspace_hits_total": ("{hit}", "Successful lookups of keys in the main dictionary."),
    "redis_keyspace_misses_total": ("{miss}", "Failed lookups of keys in the main dictionary."),
    "redis_commands_processed_total": ("{command}", "Commands processed by the server."),
    "redis_evicted_keys_total": ("{key}", "Keys evicted because of the maxmemory limit."),
    "redis_expired_keys_total": ("{key}", "Keys that have expired."),
    "celery_tasks_received_total": ("{task}", "Tasks sent to a queue."),
    "celery_tasks_succeeded_total": ("{task}", "Tasks that workers finished."),
    "celery_tasks_failed_total": ("{task}", "Tasks that raised an exception."),
    "nginx_http_requests_total": ("{request}", "Total http requests."),
    "nginx_connections_accepted": ("{connection}", "Accepted client connections."),
    "lb_requests_total": ("{request}", "Requests the load balancer answered, by status class."),
    "lb_processed_bytes_total": ("By", "Bytes the load balancer passed on."),
    "lb_new_connections_total": ("{connection}", "Connections from clients to the load balancer."),
    "cdn_requests_total": ("{request}", "Requests at the CDN's edge, by cache status."),
    "cdn_bytes_total": ("By", "Bytes the CDN sent to browsers."),
    "security_logins_succeeded_total": ("{login}", "Successful logins."),
    "security_logins_failed_total": ("{login}", "Failed logins, by reason."),
    "security_blocked_requests_total": ("{request}", "Requests the web application firewall blocked, by rule."),
    "security_accounts_locked_total": ("{account}", "Accounts locked after repeated failures."),
    "business_registrations_total": ("{user}", "Users who registered."),
    "business_price_alerts_created_total": ("{alert}", "Price alerts that users set."),
    "business_price_alerts_hit_total": ("{alert}", "Price alerts that were met and sent."),
    "business_savings_usd_total": ("USD", "Money users saved by buying after an alert."),
    "business_conversions_total": ("{order}", "Visits that ended in a click-out purchase."),
    "business_visits_total": ("{visit}", "Visits of the shop."),
    "deployments_total": ("{deployment}", "Rollouts by service and outcome."),
}

_GAUGES = {
    "up": ("1", "1 if the scrape succeeded, 0 if it failed."),
    "node_memory_MemTotal_bytes": ("By", "Memory information field MemTotal_bytes."),
    "node_memory_MemAvailable_bytes": ("By", "Memory information field MemAvailable_bytes."),
    "node_filesystem_size_bytes": ("By", "Filesystem size in bytes."),
    "node_filesystem_avail_bytes": ("By", "Filesystem space available to non-root users in bytes."),
    "node_load1": ("1", "1m load average."),
    "node_timex_offset_seconds": ("s", "Time offset in between local system and reference clock."),
    "container_memory_working_set_bytes": ("By", "Current working set in bytes."),
    "kube_pod_info": ("1", "Information about pod."),
    "kube_pod_container_resource_limits": ("", "The number of requested limit resource by a container."),
    "kube_pod_container_resource_requests": ("", "The number of requested request resource by a container."),
    "kube_deployment_spec_replicas": ("{pod}", "Number of desired pods for a deployment."),
    "db_client_connections_usage": ("{connection}", "Connections of the pool by state (used, idle)."),
    "db_client_connections_max": ("{connection}", "The most connections the pool allows."),
    "db_client_connections_pending_requests": ("{request}", "Requests that wait for a connection."),
    "pg_up": ("1", "Whether the last scrape could connect to the server."),
    "pg_stat_activity_count": ("{connection}", "Connections by state."),
    "pg_settings_max_connections": ("{connection}", "The setting max_connections."),
    "pg_locks_count": ("{lock}", "Locks held or awaited, by mode."),
    "pg_database_size_bytes": ("By", "Disk space used by the database."),
    "pg_wal_size_bytes": ("By", "Disk space used by the write-ahead log."),
    "redis_memory_used_bytes": ("By", "Memory allocated by Redis."),
    "redis_memory_max_bytes": ("By", "The setting maxmemory."),
    "redis_connected_clients": ("{client}", "Client connections."),
    "redis_db_keys": ("{key}", "Keys in the database."),
    "celery_queue_length": ("{task}", "Tasks waiting in the queue."),
    "celery_active_worker_count": ("{worker}", "Workers that consume the queue."),
    "nginx_connections_active": ("{connection}", "Active client connections."),
    "lb_healthy_hosts": ("{host}", "Targets that pass the load balancer's health check."),
    "cdn_hit_ratio": ("1", "Share of the requests that the CDN answers from its cache."),
    "web_vitals_lcp_seconds": ("s", "Largest contentful paint, 75th percentile of page loads."),
    "web_vitals_inp_seconds": ("s", "Interaction to next paint, 75th percentile of page loads."),
    "web_vitals_cls": ("1", "Cumulative layout shift, 75th percentile of page loads."),
    "probe_success": ("1", "Whether the probe succeeded."),
    "probe_duration_seconds": ("s", "How long the probe took to complete."),
    "probe_ssl_earliest_cert_expiry": ("s", "Earliest certificate expiry as a unix time."),
    "business_daily_active_users": ("{user}", "Distinct users of the last 24 hours."),
    "business_monthly_active_users": ("{user}", "Distinct users of the last 30 days."),
    "business_products_tracked": ("{product}", "Products whose prices are watched."),
    "business_retention_ratio": ("1", "Share of a week's new users who are back after so many days."),
    "business_price_age_seconds": ("s", "Age of the prices shown, median."),
    "node_cost_hourly_usd": ("USD", "Price of the node per hour."),
}

_HISTOGRAMS = {
    "http_server_request_duration_seconds": ("s", "Duration of HTTP server requests."),
    "http_client_request_duration_seconds": ("s", "Duration of outgoing HTTP requests to third parties."),
}

FAMILIES = _families("counter", _COUNTERS) | _families("gauge", _GAUGES) | _families("histogram", _HISTOGRAMS)
