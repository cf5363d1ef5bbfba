//! One plan on the screen, with everything found out about it.

use std::sync::Arc;

use super::{
    advice::Advice,
    faces::{Face, Faces},
    message::Notes,
    tree::TreeState,
};
use crate::{
    catalog::Catalog,
    diagnose::{self, Finding},
    plan::{NodeId, Plan},
};

/// The panes of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The tree.
    #[default]
    Tree,
    /// The findings.
    Findings,
    /// What is known of the node under the cursor.
    Detail,
}

/// A plan with its findings and, when asked for, its proposals.
#[derive(Debug)]
pub struct Sheet {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Facts about its tables.
    pub catalog: Option<Arc<Catalog>>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// The statement as it was sent, if known.
    pub statement: Option<String>,
    /// The statement as it was typed, where its parameters got values before it was sent.
    pub typed: Option<String>,
    /// Which of how many statements of the query's text it is a plan of, from 1; none where that stood alone.
    pub which: Option<(usize, usize)>,
    /// What people wrote about nodes, by the nodes' numbers.
    pub notes: Notes,
    /// The document in the history that this plan is kept in.
    pub document: Option<String>,
    /// Whether it came from the open connection.
    pub live: bool,
    /// The tree.
    pub tree: TreeState,
    /// Other ways to look at the plan, and which is shown.
    pub faces: Faces,
    /// Which pane has the keys.
    pub pane: Pane,
    /// Which finding is under the cursor.
    pub finding: usize,
    /// Lines of the detail pane that are scrolled away.
    pub scroll: usize,
    /// What the search for indexes found.
    pub advice: Option<Advice>,
}

impl Sheet {
    /// A plan read from somewhere, diagnosed without a catalog.
    #[must_use]
    pub fn saved(plan: Plan) -> Self {
        let findings = diagnose::diagnose(&plan, None);
        Self::new(Arc::new(plan), None, findings, false)
    }

    /// A plan with its findings; the cursor goes to the worst, or to the node that takes most.
    #[must_use]
    pub fn new(plan: Arc<Plan>, catalog: Option<Arc<Catalog>>, findings: Vec<Finding>, live: bool) -> Self {
        let tree = TreeState::new(&plan);
        let (statement, notes) = (plan.query.clone(), plan.remarks.clone());
        let mut out = Self {
            plan,
            catalog,
            findings,
            statement,
            typed: None,
            which: None,
            notes,
            document: None,
            live,
            tree,
            faces: Faces::default(),
            pane: Pane::Tree,
            finding: 0,
            scroll: 0,
            advice: None,
        };
        if out.findings.is_empty() {
            // Nothing stands out: the eye goes to what takes most.
            let share = |id: &NodeId| out.plan.derived(*id).blame.unwrap_or(0.0);
            let most = out.plan.ids().max_by(|a, b| share(a).total_cmp(&share(b)).then(b.cmp(a)));
            out.tree.go_to(&out.plan, most.unwrap_or(NodeId::ROOT));
        }
        out.go_to_finding();
        out
    }

    /// The statement as it was typed, if known.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.typed.as_deref().or(self.statement.as_deref())
    }

    /// How long it ran, milliseconds, where that was measured.
    #[must_use]
    pub fn took(&self) -> Option<f64> {
        let took = || self.plan.execution_ms.or(self.plan.derived(NodeId::ROOT).wall_ms);
        self.plan.analyzed.then(took).flatten()
    }

    /// The findings of a node.
    pub fn findings_of(&self, id: NodeId) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.node == id)
    }

    /// Puts the tree's cursor on the node of the chosen finding.
    pub fn go_to_finding(&mut self) {
        if let Some(found) = self.findings.get(self.finding) {
            self.tree.go_to(&self.plan, found.node);
            self.moved();
        }
    }

    /// Moves the cursor of the face that is shown, and the tree's with it.
    pub fn step(&mut self, by: isize) {
        self.faces.step(by, &mut self.tree, &self.plan);
        self.scroll = 0;
    }

    /// Brings everything else to where the tree's cursor is now.
    pub fn moved(&mut self) {
        self.faces.follow(self.tree.selected());
        self.scroll = 0;
    }

    /// Shows another face of the plan, the cursor on the same node.
    pub fn show(&mut self, face: Face) {
        self.faces.show(face, &self.plan, self.tree.selected());
        self.pane = Pane::Tree;
    }

    /// Sorts the flat table by the next column, or the other way round.
    pub fn sort(&mut self, reverse: bool) {
        self.faces.flat.next(&self.plan, reverse);
    }
}
