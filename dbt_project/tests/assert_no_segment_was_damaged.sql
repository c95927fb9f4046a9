-- Bytes of a sealed segment that are no frame: a disk or a copy went wrong. What they held is not known.
{{ config(severity='warn') }}

select
  segment_id,
  frame_no,
  reason
from {{ ref('stg_footfall__failed_events') }}
where stage = 'disk'
