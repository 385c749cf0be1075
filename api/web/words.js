// Names of codes, as people read them.
export const CODES = {
  complaint: "投诉", after_sales: "售后", operation: "办理", inquiry: "咨询", proposal: "建议", other: "其他",
  normal: "普通", urgent: "紧急", critical: "重大", auto: "自动", suggest: "建议", manual: "人工",
  sensitive: "敏感问题", asked: "要求人工", vip: "贵宾客户", anger: "情绪激动", repeat: "被迫重复",
  unanswered: "未能回答", no_progress: "没有进展",
};
export const KINDS = { faq: "问答", script: "话术", sop: "流程", case: "案例", policy: "政策", manual: "手册" };
export const STAGES = {
  greeting: "开场白", comfort: "安抚", verify: "核实", solve: "解决", follow_up: "回访", closing: "结束语",
};
export const FIELDS = {
  title: "标题", text: "正文", kind: "类型", stage: "阶段", similar: "相似问法", slots: "槽位", tags: "标签", audience: "受众",
  channel: "渠道", effective_from: "生效时间", effective_to: "失效时间", source: "来源", section: "章节", url: "网址",
  review_due: "复核日期", owner: "负责人", id: "编号", reason: "理由", note: "说明", due_at: "到期时间", teams: "班组",
  agents: "坐席", percent: "比例", change: "修订编号", open_change: "同时开始一项修订", into: "并入的编号", entry_id: "条目编号",
  value: "内容", decision: "裁定", score: "改判后的得分", items: "改判的项目", conclusion: "结论", plan: "整改计划",
  evidence: "依据", result: "结果", root_cause: "根本原因", measures: "措施", finished_at: "完成时间", effect: "效果",
};
export const ACTIONS = {
  shown: "看到", inserted: "插入", edited: "改写后发送", sent: "直接发送", dismissed: "弃用", helpful: "有用", not_helpful: "没用",
};
export const MOVES = {
  open: "开启", amend: "改动内容", attach: "记录", comment: "留言", approval_approve: "同意", approval_reject: "驳回",
  approval_withdraw: "撤回同意",
};
export const SEVERITIES = { error: ["错误", "hot"], warning: ["警告", "tense"], note: ["提示", ""] };

/** A time as people read it; "–" where there is none. */
export function when(iso, day = false) {
  if (!iso) return "–";
  const at = new Date(iso);
  const options = { year: "numeric", month: "2-digit", day: "2-digit" };
  return at.toLocaleString("zh-CN", day ? options : { ...options, hour: "2-digit", minute: "2-digit" });
}
