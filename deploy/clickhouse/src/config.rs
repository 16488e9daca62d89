//! The engine's own configuration files, written anew at each start into its folder.
//!
//! The users file is the fence: with it the engine reads and writes its tables and nothing else. Without a
//! configuration it would look for one in the working directory, the home folder and /etc.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes both files into `home` and answers the path of the main one.
///
/// # Errors
/// When the folder cannot be written.
pub(crate) fn write(home: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(home.join("backups"))?;
    fs::write(home.join("users.xml"), USERS)?;
    let main = home.join("config.xml");
    fs::write(&main, CONFIG.replace("{home}", &escaped(home)))?;
    Ok(main)
}

fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// fsync at each insert costs about 15 ms and is invisible at the batch sizes the spool sends; without it an
/// acknowledged batch could go with the power.
const CONFIG: &str = r"<clickhouse>
  <users_config>{home}/users.xml</users_config>
  <max_server_memory_usage>2000000000</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <logger>
    <log>{home}/engine.log</log>
    <errorlog>{home}/engine.err.log</errorlog>
    <size>10M</size>
    <count>2</count>
  </logger>
  <merge_tree>
    <fsync_after_insert>1</fsync_after_insert>
    <fsync_part_directory>1</fsync_part_directory>
  </merge_tree>
  <backups><allowed_path>{home}/backups</allowed_path></backups>
</clickhouse>
";

/// Table functions that read files, addresses and other databases are left out of the grants on purpose.
const USERS: &str = r"<clickhouse>
  <profiles>
    <default>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage>1000000000</max_memory_usage>
      <http_max_tries>1</http_max_tries>
      <async_insert>0</async_insert>
      <insert_deduplicate>1</insert_deduplicate>
      <deduplicate_blocks_in_dependent_materialized_views>1</deduplicate_blocks_in_dependent_materialized_views>
    </default>
  </profiles>
  <users>
    <default>
      <password></password>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM, BACKUP ON *.*</query>
        <query>GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON AggregatingMergeTree, TABLE ENGINE ON SummingMergeTree, TABLE ENGINE ON ReplacingMergeTree, TABLE ENGINE ON Memory</query>
      </grants>
    </default>
  </users>
  <quotas><default></default></quotas>
</clickhouse>
";
